package web

import "github.com/go-chi/chi/v5"

// unsubscribeRoutes are the way out for recipients.
func (s *Web) unsubscribeRoutes(chi.Router) {}
