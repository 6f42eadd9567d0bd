"""exp, ln and powers of whole vectors of lanes, in IR: no library call, the same bits in every lane.

ln gives its result as a sum of two doubles, so that x^y = exp(y ln x) keeps its accuracy where y ln x is large.
Argument reduction after Cody & Waite, Software Manual for the Elementary Functions (1980); ln by
ln((1+s)/(1-s)) = 2s + s·R(s²) with the polynomial of fdlibm (Sun Microsystems 1993); exp by its Taylor series on
|r| <= ln(2)/2, whose first dropped term is 4e-18.
"""

from __future__ import annotations

from math import factorial

from her2sim.engine.ir import Value, Writer

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
LOG2_E = 1.44269504088896338700
ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to a whole number, held in the low bits
WHOLE = 4503599627370496.0  # 2^52
LN_POLYNOMIAL = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
    1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
)  # fmt: skip
EXP_TERMS = 13
LIBRARY = {
    "sin": "sin", "cos": "cos", "tan": "tan", "asin": "asin", "acos": "acos", "atan": "atan", "sinh": "sinh",
    "cosh": "cosh", "tanh": "tanh", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh",
}  # fmt: skip
"""Functions that are rare in models: called lane by lane in the C library of the process."""


def _polynomial(writer: Writer, x: Value, coefficients: tuple[float, ...]) -> Value:
    """Horner's scheme, lowest coefficient first."""
    result = writer.real(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = writer.intrinsic("fma", result, x, writer.real(coefficient))
    return result


def write_exp(writer: Writer, x: Value, low: Value | None = None) -> Value:
    """exp(x + low), for |low| far below |x|. Overflow gives infinity, underflow 0, NaN NaN."""
    x = x.compare("ogt", 710.0).choose(writer.real(710.0), x)
    x = x.compare("olt", -746.0).choose(writer.real(-746.0), x)
    shifted = writer.intrinsic("fma", x, writer.real(LOG2_E), writer.real(ROUND))
    k = shifted - ROUND
    r = writer.intrinsic("fma", k, writer.real(-LN2_HIGH), x)
    r = writer.intrinsic("fma", k, writer.real(-LN2_LOW), r)
    if low is not None:
        r = r + low
    tail = _polynomial(writer, r, tuple(1.0 / factorial(i) for i in range(2, EXP_TERMS + 1)))
    p = writer.intrinsic("fma", r * r, tail, r) + 1.0
    half = writer.intrinsic("fma", k, writer.real(0.5), writer.real(ROUND))
    rest = (k - (half - ROUND)) + ROUND
    for part in (half, rest):
        p = p * ((part.cast("bitcast", writer.int_vector) + 1023) << 52).cast("bitcast", writer.vector)
    return p


def write_ln(writer: Writer, x: Value) -> tuple[Value, Value]:
    """ln(x) as (high, low). ln(0) = -infinity, ln(negative) = NaN, ln(infinity) = infinity."""
    tiny = x.compare("olt", 2.2250738585072014e-308)
    scaled = tiny.choose(x * 18014398509481984.0, x)
    bits = scaled.cast("bitcast", writer.int_vector)
    # put the mantissa into [sqrt(1/2), sqrt(2)): adding to the bits moves the upper half into the next exponent
    moved = bits + (0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
    exponent = ((moved >> 52) | 0x4330000000000000).cast("bitcast", writer.vector) - (WHOLE + 1023.0)
    mantissa_bits = (moved & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E667F3BCD
    m = mantissa_bits.cast("bitcast", writer.vector)
    k = exponent - tiny.choose(writer.real(54.0), writer.real(0.0))
    f = m - 1.0
    d = m + 1.0
    d_low = m - (d - 1.0)
    inverse = writer.real(1.0) / d
    s = f * inverse
    s_low = (writer.intrinsic("fma", -s, d, f) - s * d_low) * inverse
    z = s * s
    curve = s * (z * _polynomial(writer, z, LN_POLYNOMIAL))
    first, second = k * LN2_HIGH, s * 2.0
    total = first + second
    back = total - first
    lost = (first - (total - back)) + (second - back)
    rest = lost + writer.intrinsic(
        "fma", k, writer.real(LN2_LOW), writer.intrinsic("fma", s_low, writer.real(2.0), curve)
    )
    high = total + rest
    low = (total - high) + rest
    infinity = writer.real(float("inf"))
    high = x.compare("oeq", infinity).choose(infinity, high)
    high = x.compare("oeq", 0.0).choose(-infinity, high)
    high = x.compare("olt", 0.0).choose(writer.real(float("nan")), high)
    high = x.compare("uno", x).choose(x, high)
    return high, low


def write_power_of_positive(writer: Writer, ln_base: tuple[Value, Value], exponent: Value) -> Value:
    """base^exponent from ln(base), for a base of 0 or more."""
    high, low = ln_base
    product = exponent * high
    rounding = writer.intrinsic("fma", exponent, high, -product)
    rest = writer.intrinsic("fma", exponent, low, rounding)
    finite = writer.intrinsic("fabs", product).compare("olt", 1.0e4)
    power = write_exp(writer, product, finite.choose(rest, writer.real(0.0)))
    return exponent.compare("oeq", 0.0).choose(writer.real(1.0), power)


def write_library_call(writer: Writer, name: str, x: Value) -> Value:
    """A function of the C library, lane by lane."""
    result = Value(writer, writer.vector, "undef")
    for lane in range(writer.lanes):
        item = writer.let("double", f"extractelement {x.type} {x.name}, i64 {lane}")
        answer = writer.call("double", LIBRARY[name], item)
        result = writer.let(writer.vector, f"insertelement {x.type} {result.name}, double {answer.name}, i64 {lane}")
    return result


def declarations(lanes: int) -> str:
    """Declarations of all intrinsics and library functions that the engine may call."""
    vector = f"<{lanes} x double>"
    lines = [f"declare {vector} @llvm.{name}.v{lanes}f64({vector}, {vector}, {vector})" for name in ("fma", "fmuladd")]
    lines.append("declare double @llvm.fmuladd.f64(double, double, double)")
    for name in ("sqrt", "fabs", "floor", "ceil", "rint"):
        lines.append(f"declare {vector} @llvm.{name}.v{lanes}f64({vector})")
        lines.append(f"declare double @llvm.{name}.f64(double)")
    lines += [f"declare double @{name}(double)" for name in LIBRARY.values()]
    return "\n".join(lines) + "\n"
