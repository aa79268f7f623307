package cli

import "gonets/internal/httpd"

// mount puts the front doors on the server.
func (s *session) mount(a *app, server *httpd.Server) {
}
