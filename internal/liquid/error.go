package liquid

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// SyntaxError says why a source is no template, and where.
type SyntaxError struct {
	Line   int            // from 1
	Column int            // from 1, in runes
	Key    string         // translation key of the sentence, "liquid.unknown_tag"
	Args   map[string]any // arguments of the sentence; may be nil
}

func (e *SyntaxError) Error() string { return describe(e.Line, e.Column, e.Key, e.Args) }

// RenderError says why a template cannot be rendered with these values, and
// which place of the source asked for it.
type RenderError struct {
	Line   int            // from 1
	Column int            // from 1, in runes
	Key    string         // translation key of the sentence, "liquid.divided_by_zero"
	Args   map[string]any // arguments of the sentence; may be nil
}

func (e *RenderError) Error() string { return describe(e.Line, e.Column, e.Key, e.Args) }

type args = map[string]any

// sentences are the keys of both errors with their English sentences, the same
// as in the catalogue of package i18n.
var sentences = map[string]string{
	"liquid.source_too_long":    `The text is longer than {{.Limit}} bytes`,
	"liquid.nested_too_deep":    `More than {{.Limit}} levels are nested in each other`,
	"liquid.unclosed_output":    `An output begins here and never ends: "}}" is missing`,
	"liquid.unclosed_tag":       `A tag begins here and never ends: "%}" is missing`,
	"liquid.unclosed_block":     `The tag "{{.Tag}}" has no "end{{.Tag}}"`,
	"liquid.unclosed_string":    `A quotation mark is missing`,
	"liquid.unknown_tag":        `Unknown tag "{{.Tag}}"`,
	"liquid.unexpected_tag":     `The tag "{{.Tag}}" cannot stand here`,
	"liquid.text_before_when":   `Nothing may stand between "case" and its first "when"`,
	"liquid.unknown_filter":     `Unknown filter "{{.Filter}}"`,
	"liquid.wrong_arguments":    `Wrong number of arguments of the filter "{{.Filter}}": {{.Given}}, it takes {{.Takes}}`,
	"liquid.unknown_option":     `Unknown option "{{.Option}}"`,
	"liquid.unexpected":         `Unexpected "{{.Found}}"`,
	"liquid.unexpected_end":     `Something is missing before the end of the tag`,
	"liquid.expected":           `Expected "{{.Expected}}" but found "{{.Found}}"`,
	"liquid.number_too_large":   `The number {{.Number}} is too large`,
	"liquid.range_outside_for":  `Parentheses may stand only around the range of a "for" tag`,
	"liquid.too_many_steps":     `The text takes more than {{.Limit}} steps to render`,
	"liquid.output_too_long":    `The rendered text is longer than {{.Limit}} bytes`,
	"liquid.values_too_long":    `The values made while rendering are longer than {{.Limit}} bytes`,
	"liquid.control_character":  `A value has a line break or another control character, which a header must not have`,
	"liquid.divided_by_zero":    `Division by zero`,
	"liquid.number_overflow":    `The filter "{{.Filter}}" came to too large a number`,
	"liquid.not_a_whole_number": `"{{.Value}}" is not a whole number`,
}

// describe is the English sentence of an error with its place.
func describe(line, column int, key string, values args) string {
	sentence, ok := sentences[key]
	if !ok {
		sentence = key
	}
	for name, value := range values {
		sentence = strings.ReplaceAll(sentence, "{{."+name+"}}", fmt.Sprint(value))
	}
	return fmt.Sprintf("line %d, column %d: %s", line, column, sentence)
}

// position is the line and the column of a byte offset, both from 1.
func position(source string, offset int) (line, column int) {
	before := source[:min(offset, len(source))]
	line = strings.Count(before, "\n") + 1
	column = utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return line, column
}
