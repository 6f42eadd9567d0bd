"""From scans to what clinicians read: RECIST 1.1, PFS, OS, duration of response. Imports core."""
