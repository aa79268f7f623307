package config

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// The parsers of the settings' types. Each answers the key of a problem, ""
// where there is none.

func parseSwitch(text string) (Switch, string) {
	switch strings.ToLower(text) {
	case "on", "true", "yes", "1":
		return On, ""
	case "off", "false", "no", "0":
		return Off, ""
	}
	return Off, "config.switch"
}

func parseInt(text string) (int, string) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, "config.number"
	}
	return n, ""
}

func parseFloat(text string) (float64, string) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, "config.decimal"
	}
	return x, ""
}

func parseDuration(text string) (time.Duration, string) {
	d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		return 0, "config.duration"
	}
	return d, ""
}

func parseDurations(text string) (Durations, string) {
	var list Durations
	for _, part := range parts(text) {
		d, problem := parseDuration(part)
		if problem != "" {
			return nil, "config.durations"
		}
		list = append(list, d)
	}
	return list, ""
}

func (d Durations) String() string { return join(d) }

// units of sizes, the longer names first, since they are looked for at the end.
var units = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"TiB", 1 << 40},
	{"KB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"B", 1},
	{"K", 1 << 10},
	{"M", 1 << 20},
	{"G", 1 << 30},
	{"T", 1 << 40},
}

func parseSize(text string) (Size, string) {
	number, factor := strings.TrimSpace(text), int64(1)
	for _, u := range units {
		if len(number) > len(u.name) && strings.EqualFold(number[len(number)-len(u.name):], u.name) {
			number, factor = strings.TrimSpace(number[:len(number)-len(u.name)]), u.bytes
			break
		}
	}
	x, err := strconv.ParseFloat(number, 64)
	if err != nil || !(x >= 0 && x*float64(factor) < math.MaxInt64) {
		return 0, "config.size"
	}
	return Size(x * float64(factor)), ""
}

func (s Size) String() string {
	for i := 3; i >= 0; i-- {
		if u := units[i]; s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

func parseNetworks(text string) (Networks, string) {
	var list Networks
	for _, part := range parts(text) {
		if address, err := netip.ParseAddr(part); err == nil && address.Zone() == "" {
			list = append(list, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, "config.networks"
		}
		list = append(list, network.Masked())
	}
	return list, ""
}

func (n Networks) String() string { return join(n) }

// parts splits a list at commas and spaces.
func parts(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

func join[T fmt.Stringer](list []T) string {
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = item.String()
	}
	return strings.Join(texts, ",")
}
