"""The limits hold whatever is bought, and what an agent is told holds no secret."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rushes_mcp._answers import plain
from rushes_mcp._budget import Budget, Limits, OverLimit
from rushes_mcp._purchase import Purchase
from rushes_mcp.command import mcp

money = st.floats(0, 100, allow_nan=False).map(lambda amount: round(amount, 4))
odd = st.one_of(money, st.sampled_from([float("nan"), float("inf")]))


@pytest.mark.parametrize(
    "option", ["--max-cost", "--max-cost-per-call", "--unknown-price", "--wait"]
)
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "x"])
def test_a_limit_is_a_number(option: str, value: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(mcp, ["--folder", str(tmp_path), option, value])
    assert done.exit_code == 2, done.output
    assert f"Invalid value for '{option}'" in done.output


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), odd, st.booleans()), max_size=20),
    money,
    st.one_of(st.none(), money),
)
def test_no_sequence_of_purchases_exceeds_a_limit(
    calls: list[tuple[str, float, bool]], most: float, per_call: float | None
) -> None:
    budget = Budget(Limits(max_cost=most, max_cost_per_call=per_call))
    bought: dict[str, float] = {}
    for name, price, keeps in calls:
        try:
            new = budget.reserve(name, price)
        except OverLimit:
            continue
        assert new == (name not in bought)
        assert per_call is None or price <= per_call
        bought.setdefault(name, price)
        if new and not keeps:
            budget.release(name)
            del bought[name]
        assert budget.spent == round(sum(bought.values()), 6)
        assert sum(bought.values()) <= most + 1e-6


def test_a_bill_replaces_the_estimate() -> None:
    budget = Budget(Limits(max_cost=1))
    budget.reserve("kite", 0.6)
    with pytest.raises(OverLimit, match=r"of 1 USD, 0.6 USD are spent"):
        budget.reserve("boat", 0.6)
    budget.settle("kite", 0.4)
    budget.reserve("boat", 0.6)
    assert budget.spent == 1


def test_a_server_without_a_limit_may_spend_nothing() -> None:
    with pytest.raises(OverLimit, match=r"this server may spend nothing.*--max-cost USD"):
        Budget(Limits()).reserve("kite", 0.2)
    Budget(Limits()).reserve("kite", 0.0)


def test_an_unknown_price_is_refused_unless_it_counts_as_something() -> None:
    with pytest.raises(OverLimit, match="--unknown-price USD"):
        Budget(Limits(max_cost=100)).price([0.3, None])
    assert Budget(Limits(max_cost=100, unknown_price=0.5)).price([0.3, None]) == 0.8


NAMES = st.text("abc", min_size=1, max_size=3)
PURCHASES = st.builds(
    Purchase,
    tool=st.sampled_from(["generate", "compare"]),
    name=NAMES,
    variants=st.lists(NAMES, min_size=1, max_size=2, unique=True).map(tuple),
    request=st.dictionaries(NAMES, NAMES, max_size=2),
    estimated=st.just({"a": 0.1}),
    price=st.sampled_from([0.1, 0.2, 1.0]),
)


@given(PURCHASES, PURCHASES)
def test_a_token_is_valid_for_its_purchase_alone(one: Purchase, other: Purchase) -> None:
    token = one.token(b"secret")
    assert one.agreed(token, b"secret")
    assert not one.agreed(token, b"another")
    same = (one.content, one.price) == (other.content, other.price)
    assert other.agreed(token, b"secret") == same


@given(st.text(max_size=20), st.text("abc/%2f", max_size=10), st.text(max_size=20))
def test_what_an_agent_reads_is_printable_and_has_no_signed_link(
    before: str, path: str, after: str
) -> None:
    text = plain(f"{before} https://user:pass@cdn.example/{path}?signature=s3cret#{'x'} {after}")
    assert text.isprintable()
    assert "s3cret" not in text
    assert "pass@" not in text
    assert len(plain(before * 100)) <= 600
    assert json.loads(json.dumps(text)) == text
