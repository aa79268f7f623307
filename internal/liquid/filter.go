package liquid

import (
	"math/big"
	"slices"
)

// filter is one of the language. It has as many arguments as it has defaults,
// of which the first ones may be required.
type filter struct {
	run      func(call) (any, error)
	required int
	defaults []any
	option   string // the one argument with a name, if any
}

// needed are the defaults of required arguments, which are never looked at.
var needed = []any{nil, nil}

// filters is the whole of the language's filters.
var filters = map[string]filter{
	"default": {run: orDefault, defaults: []any{""}, option: "allow_false"},

	"append":        {run: appendText, required: 1, defaults: needed[:1]},
	"prepend":       {run: prependText, required: 1, defaults: needed[:1]},
	"replace":       {run: replace, required: 1, defaults: []any{nil, ""}},
	"remove":        {run: remove, required: 1, defaults: needed[:1]},
	"upcase":        {run: upcase},
	"downcase":      {run: downcase},
	"capitalize":    {run: capitalize},
	"strip":         {run: strip},
	"truncate":      {run: truncate, defaults: []any{int64(50), "..."}},
	"truncatewords": {run: truncateWords, defaults: []any{int64(15), "..."}},
	"split":         {run: split, required: 1, defaults: needed[:1]},
	"escape":        {run: escape},
	"url_encode":    {run: urlEncode},
	"newline_to_br": {run: newlineToBr},
	"strip_html":    {run: stripHTML},

	"join":  {run: join, defaults: []any{" "}},
	"first": {run: func(c call) (any, error) { return item(c.in, 0), nil }},
	"last":  {run: func(c call) (any, error) { return item(c.in, -1), nil }},
	"size":  {run: size},

	"plus":       {run: arithmetic(addInt, (*big.Rat).Add, false), required: 1, defaults: needed[:1]},
	"minus":      {run: arithmetic(subInt, (*big.Rat).Sub, false), required: 1, defaults: needed[:1]},
	"times":      {run: arithmetic(mulInt, (*big.Rat).Mul, false), required: 1, defaults: needed[:1]},
	"divided_by": {run: arithmetic(divideInts, (*big.Rat).Quo, true), required: 1, defaults: needed[:1]},
	"modulo":     {run: arithmetic(moduloInts, moduloRats, true), required: 1, defaults: needed[:1]},
	"round":      {run: round, defaults: []any{int64(0)}},
	"ceil":       {run: ceil},
	"floor":      {run: floor},

	"date": {run: date, required: 1, defaults: needed[:1]},
}

// orDefault gives the argument for nil, false and what is empty.
func orDefault(c call) (any, error) {
	if c.in == false && truthy(c.option) {
		return c.in, nil
	}
	if !truthy(c.in) || isEmpty(c.in) {
		return c.a, nil
	}
	return c.in, nil
}

func item(v any, i int64) any {
	if list, ok := v.([]any); ok {
		return at(list, i)
	}
	return nil
}

// size is the number of characters or items.
func size(c call) (any, error) {
	if n := sizeOf(c.in); n != nil {
		return n, nil
	}
	return int64(0), nil
}

func join(c call) (any, error) {
	glue, err := c.text(c.at, c.a)
	if err != nil {
		return nil, err
	}
	list, ok := c.in.([]any)
	if !ok {
		return c.made(c.text(c.at, c.in))
	}
	flat, err := c.flatten(c.at, nil, list, 0)
	if err != nil {
		return nil, err
	}
	if c.mode == HTML && slices.ContainsFunc(flat, isSafe) {
		return c.joinMarkup(flat)
	}
	return asAny(c.join(c.at, flat, glue))
}

// joinMarkup is join where an item is Safe: all others are escaped.
func (c call) joinMarkup(flat []any) (any, error) {
	glue, err := c.markup(c.a)
	if err != nil {
		return nil, err
	}
	for i, v := range flat {
		if flat[i], err = asAny(c.markup(v)); err != nil {
			return nil, err
		}
	}
	s, err := c.join(c.at, flat, glue)
	return Safe(s), err
}
