package message

import (
	"bytes"
	"fmt"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// The frame of a Markdown letter. Colours are left to the mail program, which
// may be dark.
const (
	pageHead = "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n</head>\n" +
		"<body style=\"font-family: -apple-system, 'Segoe UI', Roboto, Arial, sans-serif; font-size: 16px; line-height: 1.5\">\n"
	pageFoot = "</body>\n</html>\n"
)

// markdownHTML turns Markdown with Liquid in it into an HTML page with the
// same Liquid in it: CommonMark with tables, strikethrough and bare links. Raw
// HTML passes: a letter is its owner's own.
//
// A line that has only tags is a block of its own: as in the result of Liquid,
// where it leaves an empty line, it ends the paragraph before it.
func markdownHTML(source string) (string, error) {
	protected, s := protect(source)
	markdown := goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify),
		goldmark.WithParserOptions(
			parser.WithBlockParsers(util.Prioritized(tagLine{s}, 1)),
			parser.WithASTTransformers(util.Prioritized(loopLists{s}, 1)),
		),
		goldmark.WithRendererOptions(html.WithUnsafe()),
	)
	var page bytes.Buffer
	page.WriteString(pageHead)
	if err := markdown.Convert([]byte(protected), &page); err != nil {
		return "", fmt.Errorf("convert markdown: %w", err)
	}
	page.WriteString(pageFoot)
	return s.restore(page.String()), nil
}

// tagLine parses a line of tags alone into an HTML block, which is rendered as
// it is.
type tagLine struct{ *shield }

func (t tagLine) Trigger() []byte { return []byte{t.prefix[0]} }

func (t tagLine) Open(_ ast.Node, reader text.Reader, _ parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	if _, ok := t.tagsOnly(string(line)); !ok {
		return nil, parser.NoChildren
	}
	reader.AdvanceToEOL()
	block := ast.NewHTMLBlock(ast.HTMLBlockType7)
	block.Lines().Append(segment)
	return block, parser.NoChildren
}

func (tagLine) Continue(ast.Node, text.Reader, parser.Context) parser.State { return parser.Close }

func (tagLine) Close(ast.Node, text.Reader, parser.Context) {}

func (tagLine) CanInterruptParagraph() bool { return true }

// CanAcceptIndentedLine is true because people indent what is inside a loop.
func (tagLine) CanAcceptIndentedLine() bool { return true }

// loopLists makes the items of a loop one list: a "for" before a list and its
// "endfor" behind it move into it, as do the tags in between. Otherwise every
// turn would be a list of one item, numbered 1.
type loopLists struct{ *shield }

func (l loopLists) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	var loops []ast.Node
	// Walk and its function return no errors of their own.
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && l.opens(n, reader) == 1 {
			loops = append(loops, n)
		}
		return ast.WalkContinue, nil
	})
	for _, loop := range loops {
		if list, last := l.extent(loop, reader); list != nil {
			gather(list, loop, last)
		}
	}
}

// opens is how many more loops the block opens than it ends; 0 where it is no
// line of tags.
func (l loopLists) opens(n ast.Node, reader text.Reader) (loops int) {
	block, ok := n.(*ast.HTMLBlock)
	if !ok || block.Lines().Len() != 1 {
		return 0
	}
	names, _ := l.tagsOnly(string(block.Lines().Value(reader.Source())))
	for _, name := range names {
		switch name {
		case "for":
			loops++
		case "endfor":
			loops--
		}
	}
	return loops
}

// extent is the first list of a loop and the block that ends the loop; nil
// where there is more in it than tags and lists of one kind.
func (l loopLists) extent(loop ast.Node, reader text.Reader) (list *ast.List, last ast.Node) {
	depth := 0
	for n := loop; n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.List:
			if list != nil && list.Marker != n.Marker {
				return nil, nil
			}
			if list == nil {
				list = n
			}
		case *ast.HTMLBlock:
			if _, ok := l.tagsOnly(string(n.Lines().Value(reader.Source()))); !ok {
				return nil, nil
			}
			if depth += l.opens(n, reader); depth == 0 {
				return list, n
			}
		default:
			return nil, nil
		}
	}
	return nil, nil
}

// gather moves everything from first to last into the list.
func gather(list *ast.List, first, last ast.Node) {
	parent := first.Parent()
	var inside []ast.Node
	for n := first; ; n = n.NextSibling() {
		if other, ok := n.(*ast.List); ok {
			for item := other.FirstChild(); item != nil; item = item.NextSibling() {
				inside = append(inside, item)
			}
		} else {
			inside = append(inside, n)
		}
		if n == last {
			break
		}
	}
	parent.InsertBefore(parent, first, list)
	for next := list.NextSibling(); next != nil; {
		n := next
		next = n.NextSibling()
		parent.RemoveChild(parent, n)
		if n == last {
			break
		}
	}
	for _, n := range inside {
		list.AppendChild(list, n) // moves it
	}
}
