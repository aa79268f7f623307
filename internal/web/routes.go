package web

import "github.com/go-chi/chi/v5"

// routes are the contents page of the front door.
func (s *Web) routes() {
	s.Server.Pages(func(r chi.Router) {
		r.Get("/", s.open(s.kept(s.homeEdition, s.home)))
		r.Post("/language", s.open(s.setLanguage))
		r.Post("/theme", s.open(s.setTheme))
		s.overviewRoutes(r)
		s.accountRoutes(r)
		s.recipientRoutes(r)
		s.messageRoutes(r)
		s.mailingRoutes(r)
		s.attemptRoutes(r)
		s.moderationRoutes(r)
		s.adminRoutes(r)
		s.auditRoutes(r)
		s.serviceRoutes(r)
		s.statisticsRoutes(r)
		s.blogRoutes(r)
		s.sandboxRoutes(r)
		s.unsubscribeRoutes(r)
		r.NotFound(s.open(s.notFound))
		r.MethodNotAllowed(s.open((*visit).notAllowed))
	})
	s.Server.Uploads(s.uploadRoutes)
}
