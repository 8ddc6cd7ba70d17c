package ingest

import (
	"slices"
	"strings"
)

// Genre is one entry of the taxonomy that all sources share.
type Genre struct {
	Slug         string // [a-z0-9-]+
	Name         string
	Parent       string   // slug of the parent; empty at the top of the two levels
	ContentTypes []string // movie, show
}

// taxonomy is in the order in which a menu shows it: a genre, then its children (indented by a '>'). A '+' marks genres of
// shows alone.
var taxonomy = parseTaxonomy(`
action Action
>martial-arts Martial Arts
>superhero Superhero
>espionage Espionage
adventure Adventure
animation Animation
>anime Anime
comedy Comedy
>romantic-comedy Romantic Comedy
>satire Satire & Parody
>+sitcom Sitcom
crime Crime
>film-noir Film Noir
>heist Heist
documentary Documentary
>+nature Nature
drama Drama
>biographical Biography
>coming-of-age Coming of Age
>historical Historical
>+legal Legal
>+medical Medical
>political Political
family Children & Family
>holiday Holiday
fantasy Fantasy
+food Food
+game-show Game Show
horror Horror
>supernatural Supernatural
musical Music & Musicals
mystery Mystery
+news News
+reality Reality
romance Romance
>erotic Erotic
science-fiction Science Fiction
>dystopian Dystopian
sports Sports
+talk-show Talk & Variety
thriller Thriller
>psychological-thriller Psychological Thriller
+travel Travel
war War
western Western
arthouse Art House & Independent
lgbtq LGBTQ+
teen Teen
silent Silent
`)

// genres are the entries of the taxonomy by slug.
var genres = func() map[string]Genre {
	m := make(map[string]Genre, len(taxonomy))
	for _, g := range taxonomy {
		m[g.Slug] = g
	}
	return m
}()

// Taxonomy is the genre tree of all sources, parents before their children.
func Taxonomy() []Genre { return slices.Clone(taxonomy) }

func parseTaxonomy(text string) []Genre {
	var all []Genre
	top := ""
	for line := range strings.Lines(strings.TrimSpace(text)) {
		slug, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		g := Genre{Name: name, ContentTypes: []string{"movie", "show"}}
		slug, child := strings.CutPrefix(slug, ">")
		slug, showOnly := strings.CutPrefix(slug, "+")
		if showOnly {
			g.ContentTypes = g.ContentTypes[1:]
		}
		if g.Slug = slug; child {
			g.Parent = top
		} else {
			top = slug
		}
		all = append(all, g)
	}
	return all
}

// withParents drops repeats and puts each genre's parent behind it, so that a filter by the parent finds the title.
func withParents(slugs []string) []string {
	var all []string
	for _, slug := range slugs {
		for ; slug != "" && !slices.Contains(all, slug); slug = genres[slug].Parent {
			all = append(all, slug)
		}
	}
	return all
}

// phrases finds our genres in other people's labels ("comedy horror", "Martial Arts", "post-apocalyptic film"): each
// whole-word phrase that a label contains adds its genres. Labels of settings, audiences and techniques ("buddy film",
// "flashback film", "live action") have no genre here.
var phrases = parsePhrases(`
action, girls with guns, vigilante: action
martial arts, kung fu, wuxia: martial-arts
superhero: superhero
spy, espionage: espionage
adventure, swashbuckler, treasure hunt, survival: adventure
animated, animation: animation
anime, manga: anime
comedy, slapstick, farce, tragicomedy, mockumentary, commedia: comedy
romantic comedy: romantic-comedy romance
satire, parody: satire
crime, gangster, hood, police, cop, prison: crime
noir, neo noir: film-noir
heist: heist
documentary, rockumentary, docudrama, docufiction: documentary
drama, melodrama, tragicomedy, docudrama, slice of life: drama
biography, biographical, autobiography: biographical
coming of age: coming-of-age
historical, costume, peplum, jidaigeki, samurai: historical
political, propaganda: political
family, children s, childrens, fairy tale: family
christmas: holiday
fantasy, fairy tale, sword and sorcery: fantasy
horror, slasher, vampire, zombie, monster, werewolf, cannibal, splatter, gore: horror
supernatural, vampire: supernatural
musical, music, concert, rockumentary, dance, opera: musical
mystery, detective, giallo: mystery
romance, romantic, melodrama: romance
erotic, erotica, pink, sexploitation: erotic
science fiction, alien invasion, space opera, mecha, cyberpunk: science-fiction
dystopian, post apocalyptic, apocalyptic, cyberpunk: dystopian science-fiction
sport, sports: sports
thriller, suspense, giallo, rape and revenge: thriller
psychological thriller: psychological-thriller
war: war
western: western
independent, art, experimental, avant garde: arthouse
lgbt: lgbtq
teen, beach party: teen
silent: silent
`)

type phrase struct {
	words string // with a space on either side
	slugs []string
}

func parsePhrases(text string) []phrase {
	var all []phrase
	for line := range strings.Lines(strings.TrimSpace(text)) {
		words, slugs, _ := strings.Cut(line, ":")
		for _, w := range strings.Split(words, ",") {
			all = append(all, phrase{" " + strings.TrimSpace(w) + " ", strings.Fields(slugs)})
		}
	}
	return all
}

var plainWords = strings.NewReplacer("-", " ", "'", " ", "’", " ", "/", " ", "live action", "", "live-action", "")

// genresOf translates labels of any source into slugs of the taxonomy.
func genresOf(labels []string) []string {
	var slugs []string
	for _, label := range labels {
		padded := " " + plainWords.Replace(strings.ToLower(label)) + " "
		for _, p := range phrases {
			if strings.Contains(padded, p.words) {
				slugs = append(slugs, p.slugs...)
			}
		}
	}
	return withParents(slugs)
}
