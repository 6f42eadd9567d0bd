"""Reading YAML: lines for messages, and files that are broken, careless or hostile."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2sim.core.errors import InputError
from her2sim.record.yaml_reading import MAX_BYTES, load_yaml, load_yaml_file

letters = st.text("abcäöπ 0.:-#{}[],", max_size=8)
trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | letters | st.floats(-1e6, 1e6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(letters, inner, max_size=4),
    max_leaves=20,
)


@given(trees)
def test_json_is_yaml_and_is_read_as_json_reads_it(value: object) -> None:
    assert load_yaml(json.dumps(value, ensure_ascii=False)).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("1.5", 1.5), ("2e7", 2e7), ("yes", True), ("no", False), ("~", None), ("'5'", "5"),
        ("2021-05", "2021-05"), ("2021-05-11", "2021-05-11"), ("012", "012"), ("NR", "NR"), ("1_000", 1000),
        ("12:30", "12:30"), (".nan", ".nan"),
    ],
)  # fmt: skip
def test_unquoted_words_are_numbers_only_where_a_reader_would_say_so(text: str, value: object) -> None:
    found = load_yaml(f"key: {text}").value["key"]
    assert found == value
    assert type(found) is type(value)


def test_every_key_knows_its_line() -> None:
    lines = load_yaml("id: a\narms:\n- name: x\n  n: 3\n- {name: y,\n   n: 4}\n").lines
    assert lines["arms", 0, "n"] == 4
    assert lines["arms", 1, "name"] == 5
    assert lines["arms", 1, "n"] == 6


def test_an_anchor_is_read_at_its_aliases() -> None:
    assert load_yaml("a: &x {b: [1, 2]}\nc: *x").value == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}


def test_a_billion_laughs_are_refused_at_once() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    start = time.perf_counter()
    with pytest.raises(InputError, match="aliases"):
        load_yaml("\n".join(lines))
    assert time.perf_counter() - start < 5.0


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: 2\na: 3", 3, "given twice"),
        ("a: [1, 2", 1, "not YAML"),
        ("a: 1\n b: 2", 2, "not YAML"),
        ("a: !!python/object/apply:os.system ['true']", 1, "type tag"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("? [a, b]\n: 1", 1, "list or mapping"),
        ("a: &x [*x]", 1, "alias"),
        ("[" * 60 + "]" * 60, 1, "nested deeper"),
        ("a: \x07", 1, "not YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        load_yaml(text, "trial.yaml")
    assert caught.value.where in (f"trial.yaml:{line}", "trial.yaml")


def test_a_deep_file_does_not_exhaust_the_stack() -> None:
    with pytest.raises(InputError, match="nested deeper"):
        load_yaml("[" * 100_000)


@pytest.mark.parametrize(
    ("content", "said"), [(b"\xff\xfe\x00a", "UTF-8"), (b"# " + b"x" * MAX_BYTES, "too large")], ids=["latin", "large"]
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "trial.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        load_yaml_file(path)
    assert str(path) in caught.value.text()


def test_a_missing_file_offers_its_neighbors(tmp_path: Path) -> None:
    (tmp_path / "mytrial.yaml").write_text("id: a")
    with pytest.raises(InputError, match=r"Did you mean mytrial\.yaml"):
        load_yaml_file(tmp_path / "mytrail.yaml")
    with pytest.raises(InputError, match="does not exist either"):
        load_yaml_file(tmp_path / "no" / "a.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        load_yaml_file(tmp_path)


def test_a_byte_order_mark_is_not_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "trial.yaml"
    path.write_bytes(b"\xef\xbb\xbfid: a")
    assert load_yaml_file(path).value == {"id": "a"}
