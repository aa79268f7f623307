package liquid

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// appendFloat writes floats as Ruby does: 5.0, 0.1, 1.0e+20.
func appendFloat(dst []byte, f float64) []byte {
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case size != 0 && (size < 1e-4 || size >= 1e16):
		s := strconv.FormatFloat(f, 'e', -1, 64)
		if !strings.Contains(s, ".") {
			s = strings.Replace(s, "e", ".0e", 1)
		}
		return append(dst, s...)
	case f == math.Trunc(f):
		return strconv.AppendFloat(dst, f, 'f', 1, 64)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// addInt is a+b; ok is false where that overflows.
func addInt(a, b int64) (sum int64, ok bool) {
	sum = a + b
	return sum, (sum > a) == (b > 0)
}

func subInt(a, b int64) (difference int64, ok bool) {
	difference = a - b
	return difference, (difference < a) == (b > 0)
}

func mulInt(a, b int64) (product int64, ok bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	product = a * b
	return product, product/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}

// floorDiv is a/b rounded down, and the remainder, which has the sign of b.
func floorDiv(a, b int64) (quotient, remainder int64, ok bool) {
	if a == math.MinInt64 && b == -1 {
		return 0, 0, false
	}
	quotient, remainder = a/b, a%b
	if remainder != 0 && (remainder < 0) != (b < 0) {
		quotient--
		remainder += b
	}
	return quotient, remainder, true
}

// bound is v as a bound of a range: the whole number it begins with, or 0.
func bound(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case float64:
		return clampInt(v)
	}
	s, _ := textOf(v)
	n, _ := leadingInt(s)
	return n
}

// clampInt cuts the fraction off and keeps to the range of int64.
func clampInt(f float64) int64 {
	switch {
	case math.IsNaN(f):
		return 0
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

// leadingInt is the whole number that s begins with, 0 if none. Where it is too
// large ok is false and n the nearest there is.
func leadingInt(s string) (n int64, ok bool) {
	s = strings.TrimLeft(s, space)
	sign := 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign = 1
	}
	count := digits(s[sign:])
	if count == 0 {
		return 0, true
	}
	n, err := strconv.ParseInt(s[:sign+count], 10, 64)
	return n, err == nil
}

// whole is the value of x as a whole number; given is false where it is nil.
func (r *run) whole(offset int, x expression) (n int64, given bool, err error) {
	v, err := x.eval(r)
	if err != nil || v == nil {
		return 0, false, err
	}
	n, err = r.integer(offset, v)
	return n, true, err
}

// integer is v as a whole number: one itself, or text that is one.
func (r *run) integer(offset int, v any) (int64, error) {
	if n, ok := v.(int64); ok {
		return n, nil
	}
	s, err := r.text(offset, v)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.Trim(s, space), 10, 64)
	if err != nil {
		return 0, r.fail(offset, "liquid.not_a_whole_number", args{"Value": shorten(s)})
	}
	return n, nil
}

// shorten keeps the values that errors quote short.
func shorten(s string) string {
	const most = 40
	if cut := runeOffset(s, most); cut < len(s) {
		return s[:cut] + "…"
	}
	return s
}

// number is v as an int64 or a float64: a number, text that is or begins with
// one, and 0 for anything else.
func (c call) number(v any) (any, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, c.overflow()
		}
		return v, nil
	}
	s, _ := textOf(v)
	s = strings.Trim(s, space)
	if n, kind := decimalLen(s); n > 0 && n == len(s) && kind == tokenFloat {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, c.overflow()
		}
		return f, nil
	}
	n, ok := leadingInt(s)
	if !ok {
		return nil, c.overflow()
	}
	return n, nil
}

func decimalLen(s string) (int, tokenKind) {
	if s == "" {
		return 0, tokenEnd
	}
	return numberLen(s)
}

func (c call) overflow() error {
	return c.fail(c.at, "liquid.number_overflow", args{"Filter": c.name})
}

func (c call) zero() error { return c.fail(c.at, "liquid.divided_by_zero", nil) }

// arithmetic is a filter on two numbers: whole where both are whole, and
// decimal otherwise.
func arithmetic(
	whole func(a, b int64) (int64, bool),
	decimal func(z, a, b *big.Rat) *big.Rat,
	divides bool,
) func(call) (any, error) {
	return func(c call) (any, error) {
		a, err := c.number(c.in)
		if err != nil {
			return nil, err
		}
		b, err := c.number(c.a)
		if err != nil {
			return nil, err
		}
		if divides && (b == int64(0) || b == 0.0) {
			return nil, c.zero()
		}
		m, ok1 := a.(int64)
		n, ok2 := b.(int64)
		if ok1 && ok2 {
			result, ok := whole(m, n)
			if !ok {
				return nil, c.overflow()
			}
			return result, nil
		}
		return c.float(decimal(new(big.Rat), rat(a), rat(b)))
	}
}

// float is a decimal as the nearest float64.
func (c call) float(x *big.Rat) (any, error) {
	f, _ := x.Float64()
	if math.IsInf(f, 0) {
		return nil, c.overflow()
	}
	return f, nil
}

// rat is a number as the decimal that it prints as, so that 0.1 plus 0.2 is 0.3
// as in Shopify's Liquid.
func rat(v any) *big.Rat {
	switch v := v.(type) {
	case int64:
		return new(big.Rat).SetInt64(v)
	case float64:
		if x, ok := new(big.Rat).SetString(strconv.FormatFloat(v, 'g', -1, 64)); ok {
			return x
		}
	}
	return new(big.Rat)
}

func divideInts(a, b int64) (int64, bool) {
	quotient, _, ok := floorDiv(a, b)
	return quotient, ok
}

func moduloInts(a, b int64) (int64, bool) {
	if b == -1 {
		return 0, true
	}
	_, remainder, ok := floorDiv(a, b)
	return remainder, ok
}

func moduloRats(z, a, b *big.Rat) *big.Rat {
	quotient := new(big.Rat).SetInt(floorRat(z.Quo(a, b)))
	return z.Sub(a, quotient.Mul(quotient, b))
}

// floorRat rounds down.
func floorRat(x *big.Rat) *big.Int {
	return new(big.Int).Div(x.Num(), x.Denom()) // Euclidean: the denominator is positive
}

// round rounds half away from zero to c.a digits after the point.
func round(c call) (any, error) {
	v, err := c.number(c.in)
	if err != nil {
		return nil, err
	}
	n, err := c.number(c.a)
	if err != nil {
		return nil, err
	}
	places := min(max(bound(n), -20), 400)
	if _, ok := v.(int64); ok && places >= 0 {
		return v, nil
	}
	if places > 0 {
		x, _ := new(big.Rat).SetString(rat(v).FloatString(int(places)))
		return c.float(x)
	}
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(-places), nil))
	x, _ := new(big.Rat).SetString(new(big.Rat).Quo(rat(v), unit).FloatString(0))
	return c.int(x.Mul(x, unit).Num())
}

func ceil(c call) (any, error) {
	v, err := c.number(c.in)
	if err != nil {
		return nil, err
	}
	x := rat(v)
	n := floorRat(x.Neg(x))
	return c.int(n.Neg(n))
}

func floor(c call) (any, error) {
	v, err := c.number(c.in)
	if err != nil {
		return nil, err
	}
	return c.int(floorRat(rat(v)))
}

func (c call) int(n *big.Int) (any, error) {
	if !n.IsInt64() {
		return nil, c.overflow()
	}
	return n.Int64(), nil
}
