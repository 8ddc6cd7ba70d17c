package media

import "strings"

// What ffmpeg is told, which runs in the folder of the clip: a test pattern with the time in it and a tone that beeps each
// second, 60 s of both. Two pictures and one sound are cut into fragments of 4 s that begin with key frames, so that a
// player can change between the pictures at each of them. 320 by 180 is as wide as 640 by 360: no pixel is off square.
const (
	sources = `-hide_banner -nostdin -loglevel warning -y
		-f lavfi -i testsrc2=size=640x360:rate=25:duration=60
		-f lavfi -i sine=frequency=440:beep_factor=4:sample_rate=48000:duration=60
		-filter_complex [0:v]split[high][v];[v]scale=320:180[low];[1:a]aformat=channel_layouts=stereo[tone]
		-map [high] -map [low] -map [tone]`
	codecs = `-c:v libx264 -preset ultrafast -profile:v main -pix_fmt yuv420p -g 100 -keyint_min 100 -sc_threshold 0
		-b:v:0 800k -maxrate:v:0 1000k -bufsize:v:0 2000k -b:v:1 250k -maxrate:v:1 320k -bufsize:v:1 640k
		-c:a aac -b:a 96k`
	cuts = `-f dash -seg_duration 4 -use_template 1 -use_timeline 1 -hls_playlist 1 -hls_master_name master.m3u8
		-init_seg_name init-$RepresentationID$.mp4 -media_seg_name $RepresentationID$-$Number%05d$.m4s`
)

// arguments are ffmpeg's.
func arguments() []string {
	all := strings.Fields(sources + " " + codecs + " " + cuts)
	return append(all, "-adaptation_sets", "id=0,streams=v id=1,streams=a", "manifest.mpd")
}

// recipe is what a clip is made by: another one makes another clip.
func recipe() []byte { return []byte(strings.Join(arguments(), "\n") + "\n") }
