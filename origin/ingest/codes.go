package ingest

import "strings"

// wikidataCountries maps ids of states to ISO 3166-1 alpha-2: all that occur in the extract and have a code. German states
// of the past are DE, as in ISO 3166-3; unions with several successors (Soviet Union, Yugoslavia, Czechoslovakia) are
// left out, since the film may be of any of them.
var wikidataCountries = parseCodes(`
Q30 US Q145 GB Q142 FR Q668 IN Q183 DE Q38 IT Q16 CA Q17 JP Q8646 HK Q29 ES Q884 KR Q408 AU Q34 SE Q148 CN Q96 MX
Q36 PL Q414 AR Q159 RU Q155 BR Q35 DK Q928 PH Q801 IL Q33 FI Q55 NL Q43 TR Q20 NO Q40 AT Q31 BE Q258 ZA Q27 IE
Q869 TH Q41 GR Q28 HU Q39 CH Q213 CZ Q664 NZ Q794 IR Q45 PT Q865 TW Q218 RO Q403 RS Q252 ID Q298 CL Q79 EG Q241 CU
Q219 BG Q189 IS Q224 HR Q739 CO Q843 PK Q334 SG Q902 BD Q717 VE Q419 PE Q191 EE Q1033 NG Q225 BA Q822 LB Q881 VN
Q77 UY Q37 LT Q1028 MA Q833 MY Q222 AL Q32 LU Q424 KH Q786 DO Q212 UA Q232 KZ Q214 SK Q211 LV Q262 DZ Q215 SI
Q800 CR Q750 BO Q837 NP Q796 IQ Q1041 SN Q221 MK Q114 KE Q974 CD Q736 EC Q1009 CM Q774 GT Q889 AF Q230 GE Q733 PY
Q965 BF Q878 AE Q227 AZ Q948 TN Q851 SA Q854 LK Q813 KG Q117 GH Q954 ZW Q217 MD Q810 JO Q766 JM Q1183 PR Q229 CY
Q26 GB Q804 PA Q184 BY Q846 QA Q917 BT Q223 GL Q423 KP Q399 AM Q863 TJ Q790 HT Q819 LA Q874 TM Q912 ML Q236 ME
Q1029 MZ Q778 BS Q858 SY Q115 ET Q1016 LY Q792 SV Q574 TL Q1037 RW Q407199 PS Q219060 PS
Q713750 DE Q16957 DE Q7318 DE Q41304 DE Q1206012 DE Q43287 DE
`)

// wikidataLanguages maps ids of languages to BCP-47, macrolanguages and dialects to the tag that players know (Mandarin
// and Chinese are zh, Cantonese yue).
var wikidataLanguages = parseCodes(`
Q1860 en Q7976 en-US Q44676 en-CA Q150 fr Q652 it Q188 de Q387066 gsw Q1321 es Q5287 ja Q1568 hi Q9186 yue
Q7033959 yue Q727694 zh Q9192 zh Q7850 zh Q36778 nan Q9176 ko Q7737 ru Q9027 sv Q5146 pt Q750553 pt-BR Q809 pl
Q13955 ar Q7411 nl Q256 tr Q5885 ta Q9035 da Q9056 cs Q9043 no Q1412 fi Q9288 he Q8097 te Q9217 th Q9067 hu
Q36236 ml Q9610 bn Q9168 fa Q178440 prs Q58680 ps Q9129 el Q9299 sr Q7913 ro Q9240 id Q34057 tl Q33298 fil Q294 is
Q6654 hr Q9301 sh Q9303 bs Q1617 ur Q7918 bg Q33673 kn Q9072 et Q8108 ka Q8748 sq Q7026 ca Q9199 vi Q58635 pa
Q9063 sl Q36368 ku Q8641 yi Q14196 af Q9296 mk Q9252 kk Q9058 sk Q1571 mr Q7838 sw Q9205 km Q9246 mn Q9083 lt
Q9078 lv Q9309 cy Q8785 hy Q8798 uk Q9237 ms Q34271 bo Q33973 scn Q5137 gu Q33823 ne Q36217 ln Q36096 mos Q9255 ky
Q34257 wo Q9307 gl Q13201 rom Q13218 xh Q8752 eu Q397 la Q9260 tg Q9211 lo Q33947 se
`)

// tvmazeLanguages maps TVmaze's names of languages to BCP-47.
var tvmazeLanguages = parseCodes(`
Afrikaans af Albanian sq Arabic ar Armenian hy Azerbaijani az Basque eu Belarusian be Bengali bn Bosnian bs Bulgarian bg
Catalan ca Chinese zh Croatian hr Czech cs Danish da Divehi dv Dutch nl English en Estonian et Finnish fi French fr
Galician gl Georgian ka German de Greek el Gujarati gu Hebrew he Hindi hi Hungarian hu Icelandic is Indonesian id Irish ga
Italian it Japanese ja Javanese jv Kannada kn Kazakh kk Korean ko Latin la Latvian lv Lithuanian lt Luxembourgish lb
Macedonian mk Malay ms Malayalam ml Marathi mr Mongolian mn Norwegian no Panjabi pa Pashto ps Persian fa Polish pl
Portuguese pt Punjabi pa Romanian ro Russian ru Scottish-Gaelic gd Serbian sr Sinhalese si Slovak sk Slovenian sl Spanish es
Swedish sv Tagalog fil Tamil ta Telugu te Thai th Turkish tr Ukrainian uk Urdu ur Uzbek uz Vietnamese vi Welsh cy
`)

// tvmazeGenres maps TVmaze's genres and types of shows to slugs of the taxonomy. Adult and DIY have no genre here, and the
// type Scripted tells none.
var tvmazeGenres = parseCodes(`
Action action Adventure adventure Anime anime Children family Comedy comedy Crime crime Drama drama Espionage espionage
Family family Fantasy fantasy Food food History historical Horror horror Legal legal Medical medical Music musical
Mystery mystery Nature nature Romance romance Science-Fiction science-fiction Sports sports Supernatural supernatural
Thriller thriller Travel travel War war Western western Animation animation Award-Show talk-show Documentary documentary
Game-Show game-show News news Panel-Show talk-show Reality reality Talk-Show talk-show Variety talk-show
`)

// parseCodes reads pairs of words.
func parseCodes(text string) map[string]string {
	words := strings.Fields(text)
	m := make(map[string]string, len(words)/2)
	for i := 0; i < len(words); i += 2 {
		m[words[i]] = words[i+1]
	}
	return m
}
