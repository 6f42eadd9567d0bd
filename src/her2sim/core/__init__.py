"""Ground of all rooms: errors, random streams, calendar, quantities, paths. Imports no other room."""
