package web

import (
	"fmt"

	"gonets/internal/mailing"
	"gonets/internal/schedule"
	"gonets/internal/web/ui"
)

// act is something that an owner does to a mailing.
type act string

const (
	actStart  act = "start"
	actPause  act = "pause"
	actResume act = "resume"
	actStop   act = "stop"
	actSend   act = "send"
	actDelete act = "delete"
)

// actsOf are the acts that the state of a mailing allows, the likeliest first;
// deleting aside, which it always does.
func actsOf(m *mailing.Mailing) []act {
	open := m.LastRun != nil && m.LastRun.Open() && m.LastRun.State != mailing.RunStopped
	busy := m.LastRun != nil && inFlight(m.LastRun)
	var acts []act
	add := func(a act, allowed bool) {
		if allowed {
			acts = append(acts, a)
		}
	}
	add(actStart, m.Disabled == nil && (m.State == mailing.Draft || m.State == mailing.Finished))
	add(actResume, m.Disabled == nil && m.State == mailing.Paused)
	add(actPause, m.State == mailing.Active)
	add(actSend, m.Disabled == nil && m.State != mailing.Paused && !busy && !startSends(m))
	add(actStop, m.State == mailing.Active || m.State == mailing.Paused || open)
	return acts
}

// startSends says that to start the mailing is to send it now.
func startSends(m *mailing.Mailing) bool {
	return m.State != mailing.Active && m.Schedule.Frequency == schedule.Once && m.Schedule.Start.IsZero()
}

func (a act) icon() ui.IconName {
	switch a {
	case actStart, actResume:
		return ui.IconPlayerPlay
	case actPause:
		return ui.IconPlayerPause
	case actStop:
		return ui.IconPlayerStop
	case actSend:
		return ui.IconSend
	default:
		return ui.IconTrash
	}
}

// ask is the second thought before an act.
func (a act) ask(v ui.View, m *mailing.Mailing) ui.Ask {
	return ui.Ask{
		ID:       fmt.Sprintf("%s-%d", a, m.ID),
		Action:   mailingURL(m.ID, "/"+string(a)),
		Label:    v.T("mailings.do." + string(a)),
		Icon:     a.icon(),
		Question: v.T("mailings.ask."+string(a), "Name", m.Name),
		Text:     a.warning(v, m),
		Primary:  a == actStart,
		Danger:   a == actStop || a == actDelete,
	}
}

// warning says what will happen.
func (a act) warning(v ui.View, m *mailing.Mailing) string {
	text := v.T("mailings.ask_text." + string(a))
	if a == actStart {
		return m.Schedule.Describe().Sentence(v.Sentence) + ". " + text
	}
	return text
}
