/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cues as SubRip, WebVTT, TTML and ASS files, and as packets of subtitle streams. */

#include <inttypes.h>
#include <string.h>

#include "cues/cues.h"
#include "cues/markup.h"
#include "llama4.h"

#define CENTISECOND G_GUINT64_CONSTANT (10000000)

/* The lines, each as the format shows it, with that between them. */
static char *
join (const L4Cue *cue, char *(*show) (const char *), const char *between)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; cue->lines[i] != NULL; i++) {
    g_autofree char *line = show (cue->lines[i]);

    g_string_append (text, i > 0 ? between : "");
    g_string_append (text, line);
  }
  return g_string_free (text, FALSE);
}

/* For formats that have no way to write what their players obey: tags as in HTML, ASS's blocks and its line ends, which libass obeys in
 * all kinds of subtitles. A tag may begin on one line and end on the next. */
static char *
join_plain (const L4Cue *cue)
{
  g_autofree char *text = g_strjoinv ("\n", cue->lines);

  return l4_text_to_subtitle (text);
}

static char *
join_ass (const L4Cue *cue)
{
  g_autofree char *text = join_plain (cue);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  return g_strjoinv ("\\N", lines);
}

static char *
make_srt (GPtrArray *cues)
{
  GString *file = g_string_new (NULL);

  for (guint i = 0; i < cues->len; i++) {
    const L4Cue *cue = g_ptr_array_index (cues, i);
    g_autofree char *start = l4_cue_clock (cue->start, ','), *end = l4_cue_clock (cue->end, ',');
    g_autofree char *text = join_plain (cue);

    g_string_append_printf (file, "%u\n%s --> %s\n%s\n\n", i + 1, start, end, text);
  }
  return g_string_free (file, FALSE);
}

static char *
make_vtt (GPtrArray *cues)
{
  GString *file = g_string_new ("WEBVTT\n");

  for (guint i = 0; i < cues->len; i++) {
    const L4Cue *cue = g_ptr_array_index (cues, i);
    g_autofree char *start = l4_cue_clock (cue->start, '.'), *end = l4_cue_clock (cue->end, '.');
    g_autofree char *text = join (cue, l4_cue_vtt_text, "\n");

    g_string_append_printf (file, "\n%s --> %s\n%s\n", start, end, text);
  }
  return g_string_free (file, FALSE);
}

/* IMSC 1.1, Text Profile (W3C): white on a shaded ground, at the bottom. */
#define TTML_HEAD \
  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" \
  "<tt xmlns=\"http://www.w3.org/ns/ttml\" xmlns:ttp=\"http://www.w3.org/ns/ttml#parameter\" xmlns:tts=\"http://www.w3.org/ns/ttml#styling\"\n" \
  "    ttp:contentProfiles=\"http://www.w3.org/ns/ttml/profile/imsc1.1/text\" ttp:timeBase=\"media\" xml:space=\"preserve\" xml:lang=\"%s\">\n" \
  "  <head>\n    <styling>\n" \
  "      <style xml:id=\"caption\" tts:fontFamily=\"proportionalSansSerif\" tts:fontSize=\"80%%\" tts:lineHeight=\"125%%\" tts:color=\"#FFFFFF\" " \
  "tts:backgroundColor=\"#000000C0\" tts:textAlign=\"center\"/>\n" \
  "    </styling>\n    <layout>\n" \
  "      <region xml:id=\"bottom\" tts:origin=\"10%% 10%%\" tts:extent=\"80%% 80%%\" tts:displayAlign=\"after\" tts:showBackground=\"whenActive\"/>\n" \
  "    </layout>\n  </head>\n  <body>\n    <div>\n"

static char *
make_ttml (GPtrArray *cues, const char *language)
{
  g_autofree char *line = l4_text_to_line (language != NULL ? language : "", -1), *tag = l4_cue_xml_text (line);
  GString *file = g_string_new (NULL);

  g_string_append_printf (file, TTML_HEAD, tag);
  for (guint i = 0; i < cues->len; i++) {
    const L4Cue *cue = g_ptr_array_index (cues, i);
    g_autofree char *start = l4_cue_clock (cue->start, '.'), *end = l4_cue_clock (cue->end, '.');
    g_autofree char *text = join (cue, l4_cue_xml_text, "<br/>");

    g_string_append_printf (file, "      <p xml:id=\"c%u\" begin=\"%s\" end=\"%s\" region=\"bottom\"><span style=\"caption\">%s</span></p>\n",
        i + 1, start, end, text);
  }
  g_string_append (file, "    </div>\n  </body>\n</tt>\n");
  return g_string_free (file, FALSE);
}

/* White on a shaded box (BorderStyle 3 draws it in the outline's colour). */
char *
l4_cues_ass_header (void)
{
  return g_strdup ("[Script Info]\nScriptType: v4.00+\nPlayResX: 1920\nPlayResY: 1080\nWrapStyle: 0\nScaledBorderAndShadow: yes\n"
      "YCbCr Matrix: None\n\n"
      "[V4+ Styles]\n"
      "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, "
      "ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n"
      "Style: Default,Sans,60,&H00FFFFFF,&H00FFFFFF,&H40000000,&H40000000,0,0,0,0,100,100,0,0,3,6,0,2,60,60,50,1\n\n"
      "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n");
}

static char *
ass_clock (guint64 time)
{
  guint64 cs = (time + CENTISECOND / 2) / CENTISECOND;

  return g_strdup_printf ("%" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%02" PRIu64, cs / 360000, cs / 6000 % 60, cs / 100 % 60, cs % 100);
}

static char *
make_ass (GPtrArray *cues)
{
  g_autofree char *header = l4_cues_ass_header ();
  GString *file = g_string_new (header);

  for (guint i = 0; i < cues->len; i++) {
    const L4Cue *cue = g_ptr_array_index (cues, i);
    g_autofree char *start = ass_clock (cue->start), *end = ass_clock (cue->end), *text = join_ass (cue);

    g_string_append_printf (file, "Dialogue: 0,%s,%s,Default,,0,0,0,,%s\n", start, end, text);
  }
  return g_string_free (file, FALSE);
}

char *
l4_cues_to_file (GPtrArray *cues, L4CueFile kind, const char *language)
{
  switch (kind) {
    case L4_CUE_FILE_SRT:
      return make_srt (cues);
    case L4_CUE_FILE_VTT:
      return make_vtt (cues);
    case L4_CUE_FILE_TTML:
      return make_ttml (cues, language);
    default:
      return make_ass (cues);
  }
}

char *
l4_cue_to_packet (const L4Cue *cue, const char *codec, guint number)
{
  if (strcmp (codec, "webvtt") == 0)
    return join (cue, l4_cue_vtt_text, "\n");
  if (strcmp (codec, "ass") == 0) {
    g_autofree char *text = join_ass (cue);

    return g_strdup_printf ("%u,0,Default,,0,0,0,,%s", number, text);
  }
  return join_plain (cue);
}
