package vocab

// Outcome counts what a batch that is brought in did.
type Outcome struct {
	Created int
	Known   int // were there already, by key, and stay as editors left them
	Refused []Refused
}

// Refused is a record that was not brought in, and why.
type Refused struct {
	Index  int // in the batch
	Reason string
}
