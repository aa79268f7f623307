package api

import (
	"encoding/json"
	"slices"
)

func (w *world) walkStatistics() {
	mailing, _ := w.refused("statistics@stats.example")
	do := "GET /stats"
	own := w.statistics(request{as: "ownerstatistics", do: do})
	if own.Total != (Tries{Attempts: 1, Failed: 1}) || own.Step != "day" || len(own.Points) != 30 {
		w.t.Errorf("statistics: got %+v by the %s in %d points", own.Total, own.Step, len(own.Points))
	}
	if len(own.Answers) != 1 || own.Answers[0].Code != 550 || own.Answers[0].Meaning == "" {
		w.t.Errorf("answers: got %+v", own.Answers)
	}
	if len(own.Mailings) != 1 || own.Mailings[0].MailingID != mailing || own.Mailings[0].Name == "" {
		w.t.Errorf("mailings: got %+v", own.Mailings)
	}
	if len(own.Hours) != 1 || own.Hours[0].Failed != 1 || len(own.Domains) != 1 || own.Domains[0].Domain != "stats.example" {
		w.t.Errorf("got hours %+v, domains %+v", own.Hours, own.Domains)
	}
	one := w.statistics(request{as: "mod", do: do, args: "?days=1&time_zone=Asia/Kathmandu&mailing_id=" + mailing})
	if one.Total.Failed != 1 || one.Step != "hour" || len(one.Points) != 24 || len(one.Mailings) != 0 {
		w.t.Errorf("of the mailing: got %+v by the %s", one, one.Step)
	}
	if foreign := w.statistics(request{as: "boris", do: do}); slices.ContainsFunc(foreign.Domains, func(d TriesDomain) bool { return d.Domain == "stats.example" }) {
		w.t.Errorf("boris sees %+v", foreign)
	}
	if all := w.statistics(request{as: "mod", do: do, args: "?scope=service"}); all.Total.Failed == 0 {
		w.t.Errorf("the service's: got %+v", all.Total)
	}
	w.expect(403, request{as: "boris", do: do, args: "?scope=service"})
	w.expect(404, request{as: "boris", do: do, args: "?mailing_id=" + mailing})
	w.expect(404, request{as: "boris", do: do, args: "?run_id=x"})
	for args, field := range map[string]string{
		"?days=0": "days", "?days=400": "days", "?from=1.11.2026": "from", "?from=2026-11-02&to=2026-11-01": "to",
		"?time_zone=Mars": "time_zone", "?time_zone=Local": "time_zone", "?scope=all": "scope",
	} {
		w.expect(422, request{as: "boris", do: do, args: args}, field)
	}
}

func (w *world) statistics(q request) (s Statistics) {
	w.t.Helper()
	must(w.t, json.Unmarshal([]byte(w.expect(200, q).body), &s))
	return s
}
