package ui

// Columns are the columns of a table. On phones each row becomes a card, in
// which every cell tells its column's title.
type Columns []Column

// Column is one column.
type Column struct {
	Title  string
	Main   bool // what the row is; the head of its card on phones
	Number bool // aligned to the end
	Menu   bool // the row's actions: the title is only read out
	// Pick is the id of a form that acts on chosen rows: the cells hold its
	// check boxes, and the head one that chooses all, named by the title.
	Pick string
}

func (c Column) headClass() string {
	switch {
	case c.Number:
		return "num"
	case c.Menu, c.Pick != "":
		return "w-1"
	}
	return ""
}

func (c Column) cellClass() string {
	switch {
	case c.Main:
		return "main"
	case c.Number:
		return "num"
	case c.Menu:
		return "row-menu"
	case c.Pick != "":
		return "row-pick"
	}
	return ""
}

// Pages are the addresses of a list's neighbouring pages; an empty one is not
// offered.
type Pages struct {
	First string // where this is not the first page
	Next  string
}
