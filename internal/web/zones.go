package web

import (
	"strings"
	"sync"
	"time"

	"gonets/internal/web/ui"
)

// zones are offered where a time zone is typed; any other IANA name will do.
func zones() []ui.Option {
	var options []ui.Option
	for _, name := range strings.Fields(`
		UTC Europe/Kaliningrad Europe/Moscow Europe/Samara Asia/Yekaterinburg Asia/Omsk Asia/Novosibirsk
		Asia/Krasnoyarsk Asia/Irkutsk Asia/Yakutsk Asia/Vladivostok Asia/Magadan Asia/Kamchatka
		Europe/Minsk Europe/Kyiv Europe/Chisinau Asia/Almaty Asia/Tashkent Asia/Bishkek Asia/Dushanbe
		Asia/Ashgabat Asia/Baku Asia/Tbilisi Asia/Yerevan Europe/London Europe/Dublin Europe/Lisbon
		Europe/Paris Europe/Madrid Europe/Berlin Europe/Rome Europe/Vienna Europe/Warsaw Europe/Prague
		Europe/Budapest Europe/Belgrade Europe/Sofia Europe/Athens Europe/Helsinki Europe/Riga
		Europe/Vilnius Europe/Tallinn Europe/Stockholm Europe/Oslo Europe/Istanbul Asia/Jerusalem
		Asia/Dubai Asia/Tehran Asia/Karachi Asia/Kolkata Asia/Dhaka Asia/Bangkok Asia/Shanghai
		Asia/Hong_Kong Asia/Singapore Asia/Tokyo Asia/Seoul Australia/Perth Australia/Sydney
		Pacific/Auckland Africa/Cairo Africa/Lagos Africa/Johannesburg America/Sao_Paulo
		America/Argentina/Buenos_Aires America/Halifax America/New_York America/Toronto America/Chicago
		America/Mexico_City America/Denver America/Phoenix America/Los_Angeles America/Anchorage
		Pacific/Honolulu`) {
		options = append(options, ui.Option{Value: name, Label: name})
	}
	return options
}

// atlas has the zones of those who visit. To find one takes reading a file.
type atlas struct{ known sync.Map }

// find is the zone of a name; nil where there is none.
func (a *atlas) find(name string) *time.Location {
	if zone, ok := a.known.Load(name); ok {
		return zone.(*time.Location) //nolint:forcetypeassert // nothing else is stored
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	a.known.Store(name, zone)
	return zone
}
