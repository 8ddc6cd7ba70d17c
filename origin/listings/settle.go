package listings

// Settle makes a schedule of one channel's programmes, which are in the document's order. Texts are chosen for the
// language, the channel's. Entries are ordered by start.
func Settle(ps []Programme, language string) ([]Entry, []Fault) { return nil, nil }
