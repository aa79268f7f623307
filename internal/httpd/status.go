package httpd

import (
	"context"
	"errors"
	"net/http"

	"gonets/internal/fault"
)

// statusClientGone is nginx's code for a client that did not wait; nobody
// reads the answer, only the log.
const statusClientGone = 499

// Status is the one place where the kind of an error becomes an HTTP status;
// 200 for none.
func Status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Internal:
	}
	if errors.Is(err, context.Canceled) {
		return statusClientGone
	}
	return http.StatusInternalServerError
}
