package vocab

// Outcome counts what a batch that is brought in did.
type Outcome struct {
	Created int
	Known   int // were there already, by key, and stay as editors left them
	Parts   int // of what was created or known: seasons and episodes that are new
	Refused []Refused
}

// Refused is a record that was not brought in, or a part of one, and why.
type Refused struct {
	Index  int // in the batch
	Reason string
}

// Refuse notes that a record was not brought in.
func (o *Outcome) Refuse(index int, reason string) {
	o.Refused = append(o.Refused, Refused{Index: index, Reason: reason})
}
