package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gonets/internal/account"
	"gonets/internal/delivery"
	"gonets/internal/fault"
	"gonets/internal/mailing"
	"gonets/internal/recipient"
	"gonets/internal/web/layout"
	"gonets/internal/web/ui"
)

// deliveryRow is what became of one recipient.
type deliveryRow struct {
	delivery.Delivery

	Address string            // as the visitor may see it; empty: the recipient is no more
	Last    *delivery.Attempt // nil: never tried
}

// deliveryListPage is the recipients of a run, all or those of a state.
type deliveryListPage struct {
	layout.Page

	Run   mailing.Run
	State string
	Tabs  []ui.Tab
	Rows  []deliveryRow
	Pages ui.Pages
}

const runDeliveriesPerPage = 50

// statesOf are the states behind a tile; "" is all.
func statesOf(name string) ([]delivery.State, bool) {
	switch name {
	case "":
		return nil, true
	case "remaining":
		return []delivery.State{delivery.Planned, delivery.Leaving}, true
	}
	s, ok := delivery.ParseState(name)
	return []delivery.State{s}, ok
}

func (s *Web) deliveryList(v *visit) error {
	run, err := s.runOf(v)
	if err != nil {
		return err
	}
	p := deliveryListPage{
		Page: v.page(v.t("report.deliveries"), v.shelf(run.UserID)), Run: run, State: v.URL.Query().Get("state"),
	}
	states, ok := statesOf(p.State)
	if !ok {
		return fault.Missing()
	}
	list, err := s.Ledger.Deliveries(v.Context(), run.ID, states, v.after(), runDeliveriesPerPage+1)
	if err != nil {
		return err
	}
	p.Pages = v.pages(0)
	if len(list) > runDeliveriesPerPage {
		list = list[:runDeliveriesPerPage]
		p.Pages = v.pages(list[len(list)-1].ID)
	}
	if p.Rows, err = s.deliveryRows(v, list, run.UserID); err != nil {
		return err
	}
	p.Tabs = p.tabs()
	return v.render(http.StatusOK, deliveryListTempl(p))
}

// tabs are the states with their counts.
func (p *deliveryListPage) tabs() []ui.Tab {
	tabs := []ui.Tab{{
		URL: runURL(p.Run.ID, "/deliveries"), Label: p.T("common.all"),
		Count: p.Number(p.Run.Counts.Recipients), Active: p.State == "",
	}}
	numbers := runNumbers(p.View, &p.Run)[1:]
	for i, state := range []string{"accepted", "deferred", "failed", "uncertain", "skipped", "remaining"} {
		tabs = append(tabs, ui.Tab{
			URL: runURL(p.Run.ID, "/deliveries?state="+state), Label: p.T("delivery.state." + state),
			Count: numbers[i].Text, Active: p.State == state,
		})
	}
	return tabs
}

// exportURL is the same list as a file.
func (p *deliveryListPage) exportURL() string {
	if p.State == "" {
		return runURL(p.Run.ID, "/deliveries.csv")
	}
	return runURL(p.Run.ID, "/deliveries.csv?state="+p.State)
}

// deliveryRows adds to deliveries what their list shows besides.
func (s *Web) deliveryRows(v *visit, list []delivery.Delivery, owner int64) ([]deliveryRow, error) {
	return s.rowsOf(v.Context(), list, v.masked(owner))
}

func (s *Web) rowsOf(ctx context.Context, list []delivery.Delivery, mask func(string) string) ([]deliveryRow, error) {
	ids, recipients := make([]int64, len(list)), make([]int64, len(list))
	for i := range list {
		ids[i], recipients[i] = list[i].ID, list[i].RecipientID
	}
	last, err := s.Ledger.LastAttempts(ctx, ids)
	if err != nil {
		return nil, err
	}
	addresses, err := recipient.Addresses(ctx, s.DB.Read(), recipients)
	if err != nil {
		return nil, err
	}
	rows := make([]deliveryRow, len(list))
	for i := range list {
		rows[i] = deliveryRow{Delivery: list[i], Address: mask(addresses[list[i].RecipientID])}
		if a, ok := last[list[i].ID]; ok {
			a = maskAttempt(a, mask)
			rows[i].Last = &a
		}
	}
	return rows, nil
}

// deliveryPage is one delivery with all its attempts: the answer to "why did
// they not get it?".
type deliveryPage struct {
	layout.Page
	deliveryRow

	Run      mailing.Run
	Edit     bool
	Attempts []delivery.Attempt
}

func (s *Web) deliveryPage(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	d, owner, attempts, ok, err := s.Ledger.Delivery(v.Context(), id)
	if err != nil {
		return err
	}
	if !ok {
		return fault.Missing()
	}
	if err := account.Check(v.actor, account.MailingView, account.Object{Kind: "mailing", Owner: owner}); err != nil {
		return err
	}
	run, err := s.Mailings.Run(v.Context(), v.actor, d.RunID)
	if err != nil {
		return err
	}
	rows, err := s.deliveryRows(v, []delivery.Delivery{d}, owner)
	if err != nil {
		return err
	}
	for i := range attempts {
		attempts[i] = maskAttempt(attempts[i], v.masked(owner))
	}
	p := deliveryPage{deliveryRow: rows[0], Run: run, Edit: v.owns(owner), Attempts: attempts}
	p.Page = v.page(p.who(v.view), v.shelf(owner))
	return v.render(http.StatusOK, deliveryTempl(p))
}

// who is the recipient, by the address that was used where there is no other.
func (r *deliveryRow) who(v ui.View) string {
	switch {
	case r.Address != "":
		return r.Address
	case r.Last != nil && r.Last.Address != "":
		return r.Last.Address
	}
	return v.T("report.recipient_deleted")
}

// why is the state in one sentence.
func (r *deliveryRow) why(v ui.View) string {
	var server, at string
	if r.Last != nil {
		server, at = r.Last.Server, v.DateTime(r.Last.At, v.Zone)
	}
	key := "report.why." + r.State.String()
	if r.Reason != "" && v.Has(key+"_"+r.Reason) {
		key += "_" + r.Reason
	}
	return v.T(key, "Reason", r.reason(v), "Server", server, "Time", at, "Next", v.DateTime(r.NextAt, v.Zone), "Count", r.Tries)
}

// reason is why it was skipped or given up, in plain words.
func (r *deliveryRow) reason(v ui.View) string {
	if r.Reason == "" {
		return ""
	}
	return v.T("delivery.reason." + r.Reason)
}

// reply is the server's codes and its own words; what stands in its place
// where it said nothing.
func reply(v ui.View, a *delivery.Attempt) string {
	if a.Code == 0 && a.Response != "" {
		return a.Response
	}
	return strings.TrimSpace(codes(v, a.Code, a.Enhanced) + " " + a.Response)
}

// next is when it is tried again.
func (r *deliveryRow) next() time.Time {
	if r.State != delivery.Deferred {
		return time.Time{}
	}
	return r.NextAt
}

// meaning is what a reply means in plain words, as far as we know: by its
// enhanced code (RFC 3463), else by the reply code, else by its first digit.
func meaning(v ui.View, a *delivery.Attempt) string {
	if a.Code == 0 && a.Enhanced == "" {
		return ""
	}
	code := strconv.FormatInt(a.Code, 10)
	for _, key := range meaningKeys(code, a.Enhanced) {
		if v.Has(key) {
			return v.T(key)
		}
	}
	return ""
}

// meaningKeys are where the meaning of a reply may be told, the most exact
// first.
func meaningKeys(code, enhanced string) []string {
	keys := []string{"delivery.code." + code}
	if enhanced != "" {
		keys = append([]string{"delivery.code." + enhanced}, keys...)
	}
	return append(keys, "delivery.code."+code[:1])
}
