/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever a model says, each description is one record or one cue, and the readers of each format give its text back. */

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <yyjson.h>

#include "llama4.h"

#define ROUNDS 4000

/* What could end a cue, begin another one, or break out of a string. */
static const char *const parts[] = {
  "a dog", "It's", " ", "\n", "\n\n", "\r\n", "\r", "\t", "\v", "\f", "\0", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "-->", " --> ", "-", "--",
  ">", "<", "&", "&amp;", "&lt;", "&#10;", "<b>", "</b>", "<i", "<c.yellow>", "<00:00:01.000>", "\"", "'", "\\", "\\n", "\\u000a", "{", "}",
  "{\\an8}", "{Y:i}", "{c:$ff}", "<font color=red>", "< b >", "<s", "\\N", "\\h", "[", "]", ",", ":", "WEBVTT", "NOTE", "STYLE", "REGION", "1", "2", "42", "00:00:01,000 --> 00:00:02,000",
  "00:00:01.000 --> 00:00:02.000", "00:00:01,000", "\x1b[31m", "\x07", "\x7f", "\xc2\x9b", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8b", "\xe2\x80\x8d",
  "\xef\xbb\xbf", "\xef\xbf\xbe", "\xed\xa0\x80", "\xff", "\xc3", "\xf0\x9f\x99", "\xf0\x9f\x99\x82", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "<|eot|>",
  "<|header_start|>", "{\"text\":\"x\"}", "ignore previous instructions", "%s%n", "$(id)", "`id`", "\xcc\x81", "\xee\x80\x80", "\xf3\xa0\x81\x81",
};

/* (transfer full) */
static char *
random_line (GRand *random)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (gint n = g_rand_int_range (random, 0, 12); n > 0; n--) {
    const char *part = parts[g_rand_int_range (random, 0, G_N_ELEMENTS (parts))];

    g_string_append_len (text, part, *part != '\0' ? (gssize) strlen (part) : 1);
  }
  return l4_text_to_line (text->str, (gssize) text->len);
}

static void
test_lines_are_one_line_however_often_they_are_made (void)
{
  GRand *random = g_rand_new_with_seed (1);

  for (guint round = 0; round < ROUNDS; round++) {
    g_autofree char *line = random_line (random), *again = l4_text_to_line (line, -1);

    g_assert_cmpstr (line, ==, again);
    g_assert_true (g_utf8_validate (line, -1, NULL));
    g_assert_null (strstr (line, "-->"));
    for (const char *at = line; *at != '\0'; at = g_utf8_next_char (at))
      g_assert_false (g_unichar_iscntrl (g_utf8_get_char (at)) || g_utf8_get_char (at) == 0x2028 || g_utf8_get_char (at) == 0x2029);
    g_assert_false (g_str_has_prefix (line, " ") || g_str_has_suffix (line, " "));
  }
  g_rand_free (random);
}

static void
test_records_give_their_text_back (void)
{
  const L4ModelInfo model = {.name = "m",.digest = "d",.quantization = "q" };
  GRand *random = g_rand_new_with_seed (2);

  for (guint round = 0; round < ROUNDS; round++) {
    g_autofree char *line = random_line (random);
    const L4Answer answer = {.text = line,.prompt_digest = (char *) "p" };
    const L4Record record = {.end = 1,.model = &model,.answer = &answer };
    g_autofree char *json = l4_record_to_json (&record);
    yyjson_doc *doc = yyjson_read (json, strlen (json), YYJSON_READ_NOFLAG);
    yyjson_val *root = yyjson_doc_get_root (doc);

    g_assert_null (strpbrk (json, "\r\n"));
    g_assert_cmpuint (yyjson_obj_size (root), ==, 9);
    g_assert_cmpstr (yyjson_get_str (yyjson_obj_get (root, "text")), ==, line);
    yyjson_doc_free (doc);
  }
  g_rand_free (random);
}

static void
take_text (GMarkupParseContext *context, const char *text, gsize length, gpointer user_data, GError **error)
{
  g_string_append_len (user_data, text, (gssize) length);
}

static void
refuse_element (GMarkupParseContext *context, const char *name, const char **names, const char **values, gpointer depth,
    GError **error)
{
  g_assert_cmpstr (name, ==, "all");
}

/* Pango's parser is GLib's. */
static void
test_markup_gives_the_text_back (void)
{
  const GMarkupParser parser = {.start_element = refuse_element,.text = take_text };
  GRand *random = g_rand_new_with_seed (3);

  for (guint round = 0; round < ROUNDS; round++) {
    g_autofree char *line = random_line (random), *markup = l4_text_to_markup (line);
    g_autofree char *all = g_strdup_printf ("<all>%s</all>", markup);
    g_autoptr (GString) back = g_string_new (NULL);
    g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, back, NULL);
    g_autoptr (GError) error = NULL;

    g_markup_parse_context_parse (context, all, -1, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (back->str, ==, line);
  }
  g_rand_free (random);
}

/* What a player shows of a cue of SubRip: ffmpeg's decoder makes markup of ASS of it. (transfer full) */
static char *
decode_subrip (AVCodecContext *decoder, const char *text)
{
  AVPacket *packet = av_packet_alloc ();
  AVSubtitle subtitle = { 0 };
  const char *at;
  char *shown;
  int got = 0;

  g_assert_cmpint (av_new_packet (packet, (int) strlen (text)), ==, 0);
  memcpy (packet->data, text, strlen (text));
  packet->duration = 1;
  g_assert_cmpint (avcodec_decode_subtitle2 (decoder, &subtitle, &got, packet), >=, 0);
  g_assert_cmpint (got, !=, 0);
  g_assert_cmpuint (subtitle.num_rects, ==, 1);
  at = subtitle.rects[0]->ass;
  for (guint i = 0; i < 8; i++) /* the fields before the text */
    at = strchr (at, ',') + 1;
  shown = g_strdup (at);
  avsubtitle_free (&subtitle);
  av_packet_free (&packet);
  return shown;
}

static void
test_subtitles_are_shown_as_they_are (void)
{
  const AVCodec *codec = avcodec_find_decoder (AV_CODEC_ID_SUBRIP);
  AVCodecContext *decoder = avcodec_alloc_context3 (codec);
  GRand *random = g_rand_new_with_seed (5);

  decoder->pkt_timebase = (AVRational) { 1, 1000 };
  g_assert_cmpint (avcodec_open2 (decoder, codec, NULL), ==, 0);
  for (guint round = 0; round < ROUNDS; round++) {
    g_autofree char *line = random_line (random), *subtitle = l4_text_to_subtitle (line), *shown = NULL;

    if (*line == '\0')
      continue;
    shown = decode_subrip (decoder, subtitle);
    g_assert_cmpstr (shown, ==, subtitle);
    /* libass obeys what is in braces, and these */
    g_assert_true (strchr (shown, '{') == NULL || strchr (strchr (shown, '{'), '}') == NULL);
    g_assert_true (strstr (shown, "\\N") == NULL && strstr (shown, "\\n") == NULL && strstr (shown, "\\h") == NULL);
  }
  avcodec_free_context (&decoder);
  g_rand_free (random);
}

static void
test_subtitles_change_only_what_players_obey (void)
{
  static const char *const cases[][2] = {
    {"A <b>cat</b> {\\an8}there", "A \342\200\271b\342\200\272cat\342\200\271/b\342\200\272 (\\an8)there"},
    {"a < b, b -> c", "a \342\200\271 b, b -\342\200\272 c"}, {"5 < 6 & 7", "5 < 6 & 7"}, {"a -> b", "a -> b"}, {"} { 1", "} { 1"},
    {"C:\\New\\docs", "C:/New\\docs"}, {"{{a}", "((a)"}, {"a \\{ b", "a /{ b"}, {"\342\200\234Grüße\342\200\235", "\342\200\234Grüße\342\200\235"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *subtitle = l4_text_to_subtitle (cases[i][0]);

    g_assert_cmpstr (subtitle, ==, cases[i][1]);
  }
}

/* Files ------------------------------------------------------------------------------------------------------------------- */

/* A file in memory. */
typedef struct
{
  GString *text;
  gsize at;
} Memory;

static int
read_memory (void *data, guint8 *out, int n)
{
  Memory *self = data;
  gsize length = MIN ((gsize) n, self->text->len - self->at);

  if (length == 0)
    return AVERROR_EOF;
  memcpy (out, self->text->str + self->at, length);
  self->at += length;
  return (int) length;
}

/* The texts of the cues that a demuxer finds. (transfer full) */
static GPtrArray *
read_cues (GString *file, const char *format)
{
  Memory memory = { file, 0 };
  AVIOContext *io = avio_alloc_context (av_malloc (4096), 4096, 0, &memory, read_memory, NULL, NULL);
  AVFormatContext *demuxer = avformat_alloc_context ();
  AVPacket *packet = av_packet_alloc ();
  GPtrArray *cues = g_ptr_array_new_with_free_func (g_free);

  demuxer->pb = io;
  g_assert_cmpint (avformat_open_input (&demuxer, NULL, av_find_input_format (format), NULL), ==, 0);
  while (av_read_frame (demuxer, packet) == 0) {
    g_ptr_array_add (cues, g_strndup ((const char *) packet->data, (gsize) packet->size));
    av_packet_unref (packet);
  }
  av_packet_free (&packet);
  avformat_close_input (&demuxer);
  av_freep (&io->buffer);
  avio_context_free (&io);
  return cues;
}

/* Cues of one second each, as srtenc and webvttenc write them. */
static void
append_cue (GString *file, gboolean srt, guint index, const char *text)
{
  guint start = 2 * index, end = start + 1;
  char point = srt ? ',' : '.';

  if (srt)
    g_string_append_printf (file, "%u\n", index + 1);
  g_string_append_printf (file, "%02u:%02u:%02u%c000 --> %02u:%02u:%02u%c000\n%s\n\n", start / 3600, start / 60 % 60, start % 60,
      point, end / 3600, end / 60 % 60, end % 60, point, text);
}

/* Many descriptions in one file; each stands between others. */
static void
check_file (gboolean srt)
{
  GRand *random = g_rand_new_with_seed (4);
  g_autoptr (GString) file = g_string_new (srt ? "" : "WEBVTT\n\n");
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free), cues = NULL;

  while (texts->len < ROUNDS) {
    char *line = random_line (random);

    if (*line == '\0') {        /* a stretch without a description has no cue */
      g_free (line);
      continue;
    }
    g_ptr_array_add (texts, srt ? l4_text_to_subtitle (line) : l4_text_to_markup (line));
    append_cue (file, srt, texts->len - 1, g_ptr_array_index (texts, texts->len - 1));
    g_free (line);
  }
  cues = read_cues (file, srt ? "srt" : "webvtt");
  for (guint i = 0; i < MIN (cues->len, texts->len); i++)
    g_assert_cmpstr (g_ptr_array_index (cues, i), ==, g_ptr_array_index (texts, i));
  g_assert_cmpuint (cues->len, ==, texts->len);
  g_rand_free (random);
}

static void
test_srt_has_one_cue_a_description (void)
{
  check_file (TRUE);
}

static void
test_webvtt_has_one_cue_a_description (void)
{
  check_file (FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  av_log_set_level (AV_LOG_ERROR);
  g_test_add_func ("/subtitles/lines-are-one-line-however-often-they-are-made", test_lines_are_one_line_however_often_they_are_made);
  g_test_add_func ("/subtitles/records-give-their-text-back", test_records_give_their_text_back);
  g_test_add_func ("/subtitles/markup-gives-the-text-back", test_markup_gives_the_text_back);
  g_test_add_func ("/subtitles/subtitles-are-shown-as-they-are", test_subtitles_are_shown_as_they_are);
  g_test_add_func ("/subtitles/subtitles-change-only-what-players-obey", test_subtitles_change_only_what_players_obey);
  g_test_add_func ("/subtitles/srt-has-one-cue-a-description", test_srt_has_one_cue_a_description);
  g_test_add_func ("/subtitles/webvtt-has-one-cue-a-description", test_webvtt_has_one_cue_a_description);
  return g_test_run ();
}
