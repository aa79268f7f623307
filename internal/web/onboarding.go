package web

// noAdmin says that nobody administers the service yet: then its first
// visitors, who stand before a door that nobody else can open, are told how
// that is done. It needs the command line, so it may be told to anybody. Since
// the last administrator can't go, one is remembered.
func (v *visit) noAdmin() (bool, error) {
	if v.web.administered.Load() {
		return false, nil
	}
	administered, err := v.web.Accounts.HasAdmin(v.Context())
	if administered {
		v.web.administered.Store(true)
	}
	return !administered, err
}
