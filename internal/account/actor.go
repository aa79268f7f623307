package account

// Role is what a user may do beyond their own things.
type Role string

// The roles, each with the rights of the one before.
const (
	RoleUser      Role = "user"
	RoleModerator Role = "moderator" // sees all mailings, disables them, blocks users
	RoleAdmin     Role = "admin"
)

// Actor is who asks: an explicit argument of every method behind a front
// door, so that no permission hides in a context.
type Actor struct {
	ID       int64 // of the user; what is made belongs to them
	Email    string
	Role     Role
	Locale   string
	TimeZone string
	Address  string // the client's network address
	System   bool   // the command line: may do everything
}
