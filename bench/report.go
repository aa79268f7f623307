package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// report gathers what was measured.
type report struct {
	sizes []int
	rows  []*row
	notes []string
}

// row is one value at each size.
type row struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Sizes  []int     `json:"sizes"`
	Values []float64 `json:"values"`
	Slope  float64   `json:"slope"`          // exponent of the value in the size
	Growth float64   `json:"growth"`         // last value by first value
	Goal   string    `json:"goal,omitempty"` // empty: for information
	Missed bool      `json:"missed,omitempty"`
}

// add takes a row; its goal is set by one of the methods below.
func (r *report) add(name, unit string, sizes []int, values ...float64) *row {
	n := &row{Name: name, Unit: unit, Sizes: sizes, Values: values}
	if last := len(values) - 1; last > 0 && values[0] > 0 && values[last] > 0 {
		n.Growth = values[last] / values[0]
		n.Slope = math.Log(n.Growth) / math.Log(float64(sizes[last])/float64(sizes[0]))
	}
	r.rows = append(r.rows, n)
	return n
}

func (r *report) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func (n *row) last() float64 { return n.Values[len(n.Values)-1] }

// atLeast and atMost judge the value at the largest size.
func (n *row) atLeast(limit float64) {
	n.Goal, n.Missed = "≥ "+short(limit), n.last() < limit
}

func (n *row) atMost(limit float64) {
	n.Goal, n.Missed = "≤ "+short(limit), n.last() > limit
}

// growsAtMost judges the largest size beside the smallest.
func (n *row) growsAtMost(limit float64) {
	n.Goal, n.Missed = "grows ≤ "+short(limit)+"×", n.Growth > limit
}

func (r *report) missed() []string {
	var names []string
	for _, n := range r.rows {
		if n.Missed {
			names = append(names, n.Name)
		}
	}
	return names
}

func (r *report) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for i, n := range r.rows {
		if i == 0 || !slices.Equal(n.Sizes, r.rows[i-1].Sizes) {
			fmt.Fprintf(t, "\t%s\t\tslope\t\t\n", header(n.Sizes))
		}
		verdict, slope := "", ""
		if n.Goal != "" {
			verdict = "reached"
		}
		if n.Missed {
			verdict = "MISSED"
		}
		if n.Growth > 0 {
			slope = fmt.Sprintf("%+.2f", n.Slope)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t\n", n.Name, strings.Join(cells(n.Values), "\t"), n.Unit, slope, n.Goal, verdict)
	}
	t.Flush()
	for _, note := range r.notes {
		fmt.Fprintln(w, note)
	}
}

// columns is how many values a line has room for.
const columns = 3

func header(sizes []int) string {
	list := make([]string, columns)
	for i, size := range sizes {
		list[columns-len(sizes)+i] = strconv.Itoa(size)
	}
	return strings.Join(list, "\t")
}

func cells(values []float64) []string {
	list := make([]string, columns)
	for i, v := range values {
		list[columns-len(values)+i] = short(v)
	}
	return list
}

// short is a number with three significant digits or more.
func short(v float64) string {
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
