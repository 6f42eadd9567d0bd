"""Layered drawings: boxes never overlap, and every line runs from a row to a lower one."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from her2sim.plots.layers import layered

NAMES = [f"m{i}" for i in range(9)]
flows_of = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=20)


@given(flows_of)
def test_boxes_of_a_row_keep_their_distance(flows: list[tuple[str, str]]) -> None:
    layout = layered(NAMES, flows, width=1.0, gap=0.25)
    for layer in layout.layers:
        boxes = sorted(layout.x[name] for name in layer if name in NAMES)
        assert all(b - a >= 1.25 - 1e-9 for a, b in pairwise(boxes))
        lanes = {name: layout.x[name] for name in layer if name not in NAMES}
        assert all(abs(x - box) >= 0.5 for x in lanes.values() for box in boxes), "a line runs through a box"


@given(flows_of)
def test_each_flow_is_drawn_once_and_downward_in_rows(flows: list[tuple[str, str]]) -> None:
    layout = layered(NAMES, flows, width=1.0, gap=0.25)
    drawn = {(flow.giver, flow.taker) for flow in layout.flows}
    assert drawn == {(a, b) for a, b in flows if a != b}
    for flow in layout.flows:
        rows = [layout.layer_of(name) for name in flow.through]
        assert rows == list(range(rows[0], rows[0] + len(rows)))
        assert flow.back == (NAMES.index(flow.giver) > NAMES.index(flow.taker))
