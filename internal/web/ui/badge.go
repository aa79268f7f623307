package ui

import "github.com/a-h/templ"

// Tone is a colour's meaning. It never says anything alone: the words do.
type Tone string

// The tones.
const (
	Grey   Tone = "secondary" // not begun, or not to be
	Blue   Tone = "blue"      // at work
	Green  Tone = "green"     // went well
	Yellow Tone = "yellow"    // waits for something
	Red    Tone = "red"       // went wrong
	Purple Tone = "purple"    // not known
)

func (t Tone) badge() string {
	switch t {
	case Blue:
		return "badge bg-blue-lt"
	case Green:
		return "badge bg-green-lt"
	case Yellow:
		return "badge bg-yellow-lt"
	case Red:
		return "badge bg-red-lt"
	case Purple:
		return "badge bg-purple-lt"
	default:
		return "badge bg-secondary-lt"
	}
}

func (t Tone) text() string {
	if t == Red {
		return "text-red"
	}
	return ""
}

// tones are the colours of states, by the keys of their names.
var tones = map[string]Tone{
	"run.state.planning":            Blue,
	"run.state.sending":             Blue,
	"run.state.paused":              Yellow,
	"run.state.done":                Green,
	"run.state.stopped":             Grey,
	"delivery.state.planned":        Grey,
	"delivery.state.leaving":        Blue,
	"delivery.state.accepted":       Green,
	"delivery.state.deferred":       Yellow,
	"delivery.state.failed":         Red,
	"delivery.state.uncertain":      Purple,
	"delivery.state.skipped":        Grey,
	"attempt.outcome.success":       Green,
	"attempt.outcome.failure":       Red,
	"attempt.outcome.unknown":       Purple,
	"recipient.status.active":       Green,
	"recipient.status.unsubscribed": Grey,
	"recipient.status.suppressed":   Yellow,
	"user.state.active":             Green,
	"user.state.unverified":         Yellow,
	"user.state.blocked":            Red,
}

// badgeOf is the badge of a state, by the key of its name.
func badgeOf(v View, key string) templ.Component { return Badge(tones[key], v.T(key)) }

// RunBadge shows a run's state.
func RunBadge(v View, state string) templ.Component { return badgeOf(v, "run.state."+state) }

// DeliveryBadge shows a delivery's state.
func DeliveryBadge(v View, state string) templ.Component { return badgeOf(v, "delivery.state."+state) }

// OutcomeBadge shows an attempt's outcome.
func OutcomeBadge(v View, outcome string) templ.Component {
	return badgeOf(v, "attempt.outcome."+outcome)
}

// RecipientBadge shows a recipient's status.
func RecipientBadge(v View, status string) templ.Component {
	return badgeOf(v, "recipient.status."+status)
}

// UserBadge shows a user's state: active, unverified or blocked.
func UserBadge(v View, state string) templ.Component { return badgeOf(v, "user.state."+state) }

func (t Tone) alert() string {
	switch t {
	case Green:
		return "alert alert-success"
	case Yellow:
		return "alert alert-warning"
	case Red:
		return "alert alert-danger"
	default:
		return "alert alert-info"
	}
}

// role makes screen readers say bad news at once, and good news in turn.
func (t Tone) role() string {
	if t == Red || t == Yellow {
		return "alert"
	}
	return "status"
}

func (t Tone) icon() IconName {
	switch t {
	case Green:
		return IconCircleCheck
	case Yellow, Red:
		return IconAlertTriangle
	default:
		return IconInfoCircle
	}
}
