/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What FFmpeg reads from files and packets of cues, and what a player would show of it: the text, and nothing obeyed. */

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "cues/chapters.h"
#include "cues/cues.h"
#include "llama4.h"

#define ROUNDS 1500
#define MS G_GUINT64_CONSTANT (1000000)

/* What players obey in one format or another, what ends a cue, and what is hidden by a look-alike. */
static const char *const parts[] = {
  "a dog", "It's", " ", "<b>", "</b>", "< i >", "<", "<<", ">", "<br>", "<br/>", "<font color=\"red\" size=50>", "</font>", "<u", "<v Bob>", "<c.red>",
  "<00:00:01.000>", "{\\an8}", "{\\pos(1,1)}", "{", "}", "{}", "{y:i}", "{Y:b}", "{c:$0000ff}", "\\N", "\\n", "\\h", "\\", "\\{", "\\}", "{{\\b1}}", "&amp;",
  "&lt;b&gt;", "&", "&nbsp;", "-->", "00:00:01,000 --> 00:00:02,000", "00:00:01.000", "1", "42", "WEBVTT", "NOTE x", "STYLE", "Dialogue: 0,0", "[Events]", "=", ";",
  "#", "|", "/", "/i/", "_", "$", "%s", "\"", "'", "]]>", "<![CDATA[", "<!--", "&#10;", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "\xe4\xb8\x80\xe4\xb8\xaa",
  "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9", "e\xcc\x81", "<\xc3\xa9>", "{\xc3\xa9}", ":", "A: B", "-", "- x",
};

/* (transfer full) */
static char *
random_text (GRand *random)
{
  GString *text = g_string_new ("x");

  for (gint n = g_rand_int_range (random, 0, 10); n > 0; n--)
    g_string_append (text, parts[g_rand_int_range (random, 0, G_N_ELEMENTS (parts))]);
  return g_string_free (text, FALSE);
}

/* Cues of hostile sentences, one after the other. */
static GPtrArray *
random_cues (GRand *random)
{
  g_autoptr (L4CueMaker) maker = l4_cue_maker_new (l4_cue_rules ("plain"));

  for (guint i = 0; i < 3; i++) {
    g_autofree char *text = random_text (random);

    l4_cue_maker_add (maker, i * 4000 * MS, (i + 1) * 4000 * MS, text);
  }
  return l4_cue_maker_finish (maker);
}

/* What a player shows --------------------------------------------------------------------------------------------------------- */

/* A player gives the text of an ASS event to libass: {…} is obeyed or hidden, \N and \n begin a line, \h is a blank, and a backslash before
 * a brace shows that. Fails when anything but empty blocks was obeyed. (transfer full) */
static char *
shown (const char *text)
{
  GString *all = g_string_new (NULL);

  while (*text != '\0') {
    if (*text == '{' && strchr (text, '}') != NULL) {
      g_assert_cmpint (text[1], ==, '}');
      text += 2;
    } else if (*text == '\\' && text[1] == 'N') {
      g_string_append_c (all, '\n');
      text += 2;
    } else if (*text == '\\' && text[1] != '\0' && strchr ("nh", text[1]) != NULL) {
      g_error ("\\%c is obeyed", text[1]);
    } else if (*text == '\\' && (text[1] == '{' || text[1] == '}')) {
      g_string_append_c (all, text[1]);
      text += 2;
    } else if (g_str_has_prefix (text, "\u2060")) {    /* the decoder of WebVTT puts it behind a backslash */
      text += strlen ("\u2060");
    } else {
      g_string_append_c (all, *text++);
    }
  }
  return g_string_free (all, FALSE);
}

static AVCodecContext *
open_decoder (enum AVCodecID id, const AVCodecParameters *parameters)
{
  AVCodecContext *decoder = avcodec_alloc_context3 (avcodec_find_decoder (id));

  if (parameters != NULL)
    g_assert_cmpint (avcodec_parameters_to_context (decoder, parameters), >=, 0);
  decoder->pkt_timebase = (AVRational) { 1, 1000 };
  g_assert_cmpint (avcodec_open2 (decoder, NULL, NULL), ==, 0);
  return decoder;
}

static void
assert_shows (AVCodecContext *decoder, AVPacket *packet, const L4Cue *cue)
{
  g_autofree char *whole = g_strjoinv ("\n", cue->lines), *plain = l4_text_to_subtitle (whole), *seen = NULL;
  const char *expected = decoder->codec_id == AV_CODEC_ID_WEBVTT ? whole : plain;       /* which can say anything */
  AVSubtitle subtitle = { 0 };
  const char *text;
  int got = 0;

  g_assert_cmpint (avcodec_decode_subtitle2 (decoder, &subtitle, &got, packet), >=, 0);
  g_assert_true (got);
  g_assert_cmpuint (subtitle.num_rects, ==, 1);
  text = subtitle.rects[0]->ass;
  for (guint i = 0; i < 8; i++)         /* order, layer, style, name, margins, effect */
    text = strchr (text, ',') + 1;
  seen = shown (text);
  g_assert_cmpstr (seen, ==, expected);
  avsubtitle_free (&subtitle);
}

/* Files --------------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *text;
  gsize length, at;
} Memory;

static int
read_memory (void *data, guint8 *out, int n)
{
  Memory *self = data;
  gsize length = MIN ((gsize) n, self->length - self->at);

  if (length == 0)
    return AVERROR_EOF;
  memcpy (out, self->text + self->at, length);
  self->at += length;
  return (int) length;
}

static AVFormatContext *
open_memory (Memory *memory, const char *format)
{
  AVFormatContext *demuxer = avformat_alloc_context ();

  demuxer->pb = avio_alloc_context (av_malloc (4096), 4096, 0, memory, read_memory, NULL, NULL);
  g_assert_cmpint (avformat_open_input (&demuxer, NULL, av_find_input_format (format), NULL), ==, 0);
  return demuxer;
}

static void
close_memory (AVFormatContext *demuxer)
{
  AVIOContext *io = demuxer->pb;

  avformat_close_input (&demuxer);
  av_freep (&io->buffer);
  avio_context_free (&io);
}

typedef struct
{
  const char *name, *format;
  L4CueFile kind;
  enum AVCodecID codec;
  guint64 unit;                 /* what times are rounded to */
} Kind;

static const Kind kinds[] = {
  {"srt", "srt", L4_CUE_FILE_SRT, AV_CODEC_ID_SUBRIP, MS},
  {"vtt", "webvtt", L4_CUE_FILE_VTT, AV_CODEC_ID_WEBVTT, MS},
  {"ass", "ass", L4_CUE_FILE_ASS, AV_CODEC_ID_ASS, 10 * MS},
};

static void
test_files_show_the_text_and_times (gconstpointer data)
{
  const Kind *kind = data;
  GRand *random = g_rand_new_with_seed (3);
  AVPacket *packet = av_packet_alloc ();

  for (guint round = 0; round < ROUNDS; round++) {
    g_autoptr (GPtrArray) cues = random_cues (random);
    g_autofree char *file = l4_cues_to_file (cues, kind->kind, "en");
    Memory memory = { file, strlen (file), 0 };
    AVFormatContext *demuxer = open_memory (&memory, kind->format);
    AVCodecContext *decoder = open_decoder (kind->codec, demuxer->streams[0]->codecpar);
    AVRational base = demuxer->streams[0]->time_base, ns = { 1, 1000000000 };

    for (guint i = 0; i < cues->len; i++) {
      const L4Cue *cue = g_ptr_array_index (cues, i);
      gint64 start, end;

      g_assert_cmpint (av_read_frame (demuxer, packet), ==, 0);
      start = av_rescale_q (packet->pts, base, ns);
      end = av_rescale_q (packet->pts + packet->duration, base, ns);
      g_assert_cmpint (ABS (start - (gint64) cue->start), <=, kind->unit / 2);
      g_assert_cmpint (ABS (end - (gint64) cue->end), <=, kind->unit / 2);
      assert_shows (decoder, packet, cue);
      av_packet_unref (packet);
    }
    g_assert_cmpint (av_read_frame (demuxer, packet), ==, AVERROR_EOF);
    avcodec_free_context (&decoder);
    close_memory (demuxer);
  }
  av_packet_free (&packet);
  g_rand_free (random);
}

static const Kind packets[] = {
  {"subrip", NULL, 0, AV_CODEC_ID_SUBRIP, 0},
  {"mov_text", NULL, 0, AV_CODEC_ID_MOV_TEXT, 0},
  {"webvtt", NULL, 0, AV_CODEC_ID_WEBVTT, 0},
  {"ass", NULL, 0, AV_CODEC_ID_ASS, 0},
};

static void
test_packets_show_the_text (gconstpointer data)
{
  const Kind *kind = data;
  GRand *random = g_rand_new_with_seed (4);
  g_autofree char *header = l4_cues_ass_header ();
  AVCodecParameters *parameters = avcodec_parameters_alloc ();
  AVCodecContext *decoder;

  parameters->codec_type = AVMEDIA_TYPE_SUBTITLE;
  parameters->codec_id = kind->codec;
  if (kind->codec == AV_CODEC_ID_ASS) {
    parameters->extradata = av_mallocz (strlen (header) + AV_INPUT_BUFFER_PADDING_SIZE);
    parameters->extradata_size = (int) strlen (header);
    memcpy (parameters->extradata, header, strlen (header));
  }
  decoder = open_decoder (kind->codec, parameters);
  for (guint round = 0; round < ROUNDS; round++) {
    g_autoptr (GPtrArray) cues = random_cues (random);

    for (guint i = 0; i < cues->len; i++) {
      const L4Cue *cue = g_ptr_array_index (cues, i);
      g_autofree char *text = l4_cue_to_packet (cue, kind->name, i);
      gsize length = strlen (text), before = kind->codec == AV_CODEC_ID_MOV_TEXT ? 2 : 0;
      AVPacket *packet = av_packet_alloc ();

      g_assert_cmpint (av_new_packet (packet, (int) (length + before)), ==, 0);
      if (before == 2) {
        packet->data[0] = (guint8) (length >> 8);
        packet->data[1] = (guint8) length;
      }
      memcpy (packet->data + before, text, length);
      packet->pts = 0;
      packet->duration = 1000;
      assert_shows (decoder, packet, cue);
      av_packet_free (&packet);
    }
  }
  avcodec_free_context (&decoder);
  avcodec_parameters_free (&parameters);
  g_rand_free (random);
}

/* TTML ------------------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  GPtrArray *cues;
  guint next;
  GString *text;                /* of the cue that is open; NULL: none */
  gboolean english;
} Ttml;

static const char *
attribute (const char *name, const char **names, const char **values)
{
  for (; *names != NULL; names++, values++)
    if (strcmp (*names, name) == 0)
      return *values;
  return NULL;
}

static guint64
read_clock (const char *clock)
{
  guint hours, minutes, seconds, ms;

  g_assert_cmpint (sscanf (clock, "%2u:%2u:%2u.%3u", &hours, &minutes, &seconds, &ms), ==, 4);
  return (((hours * 60 + minutes) * 60 + seconds) * 1000 + ms) * MS;
}

static void
begin_element (GMarkupParseContext *context, const char *name, const char **names, const char **values, gpointer data, GError **error)
{
  Ttml *self = data;
  const L4Cue *cue;

  if (strcmp (name, "tt") == 0)
    self->english = g_strcmp0 (attribute ("xml:lang", names, values), "en") == 0;
  if (strcmp (name, "br") == 0)
    g_string_append_c (self->text, '\n');
  if (strcmp (name, "p") != 0)
    return;
  g_assert_cmpuint (self->next, <, self->cues->len);
  cue = g_ptr_array_index (self->cues, self->next);
  g_assert_cmpuint (read_clock (attribute ("begin", names, values)), ==, (cue->start + MS / 2) / MS * MS);
  g_assert_cmpuint (read_clock (attribute ("end", names, values)), ==, (cue->end + MS / 2) / MS * MS);
  self->text = g_string_new (NULL);
}

static void
end_element (GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
  Ttml *self = data;
  g_autofree char *expected = NULL;

  if (strcmp (name, "p") != 0)
    return;
  expected = g_strjoinv ("\n", ((L4Cue *) g_ptr_array_index (self->cues, self->next++))->lines);
  g_assert_cmpstr (self->text->str, ==, expected);
  g_string_free (g_steal_pointer (&self->text), TRUE);
}

static void
take_text (GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
  Ttml *self = data;

  if (self->text != NULL)
    g_string_append_len (self->text, text, (gssize) length);
}

static void
test_ttml_is_xml_with_the_text_and_times (void)
{
  const GMarkupParser parser = {.start_element = begin_element,.end_element = end_element,.text = take_text };
  GRand *random = g_rand_new_with_seed (5);

  for (guint round = 0; round < ROUNDS; round++) {
    g_autoptr (GPtrArray) cues = random_cues (random);
    g_autofree char *file = l4_cues_to_file (cues, L4_CUE_FILE_TTML, "en");
    Ttml ttml = {.cues = cues };
    g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &ttml, NULL);
    g_autoptr (GError) error = NULL;

    g_assert_true (g_markup_parse_context_parse (context, file, -1, &error) && g_markup_parse_context_end_parse (context, &error));
    g_assert_no_error (error);
    g_assert_true (ttml.english);
    g_assert_cmpuint (ttml.next, ==, cues->len);
  }
  g_rand_free (random);
}

/* Chapters -------------------------------------------------------------------------------------------------------------------- */

static GPtrArray *
random_chapters (GRand *random)
{
  GPtrArray *chapters = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_chapter_free);

  for (guint i = 0; i < 4; i++) {
    g_autofree char *title = random_text (random);

    g_ptr_array_add (chapters, l4_chapter_new (i * 90000 * MS, (i + 1) * 90000 * MS, title));
  }
  return chapters;
}

/* But for the word joiner behind a backslash at the end. */
static void
assert_value (AVDictionary *metadata, const char *key, const char *text)
{
  g_autofree char *line = l4_text_to_line (av_dict_get (metadata, key, NULL, 0)->value, -1), *expected = l4_text_to_line (text, -1);

  g_assert_cmpstr (line, ==, expected);
}

static void
test_ffmetadata_gives_chapters_and_titles_back (void)
{
  GRand *random = g_rand_new_with_seed (6);

  for (guint round = 0; round < ROUNDS; round++) {
    g_autoptr (GPtrArray) chapters = random_chapters (random);
    g_autofree char *title = random_text (random), *file = l4_chapters_to_file (chapters, L4_CHAPTER_FILE_FFMETADATA, title, "de");
    Memory memory = { file, strlen (file), 0 };
    AVFormatContext *demuxer = open_memory (&memory, "ffmetadata");

    assert_value (demuxer->metadata, "title", title);
    g_assert_cmpuint (demuxer->nb_chapters, ==, chapters->len);
    for (guint i = 0; i < chapters->len; i++) {
      const L4Chapter *chapter = g_ptr_array_index (chapters, i);

      g_assert_cmpint (demuxer->chapters[i]->start, ==, (gint64) chapter->start);
      g_assert_cmpint (demuxer->chapters[i]->end, ==, (gint64) chapter->end);
      assert_value (demuxer->chapters[i]->metadata, "title", chapter->title);
    }
    close_memory (demuxer);
  }
  g_rand_free (random);
}

static void
test_webvtt_chapters_show_their_titles (void)
{
  GRand *random = g_rand_new_with_seed (7);
  AVPacket *packet = av_packet_alloc ();

  for (guint round = 0; round < ROUNDS; round++) {
    g_autoptr (GPtrArray) chapters = random_chapters (random);
    g_autofree char *file = l4_chapters_to_file (chapters, L4_CHAPTER_FILE_VTT, NULL, NULL);
    Memory memory = { file, strlen (file), 0 };
    AVFormatContext *demuxer = open_memory (&memory, "webvtt");
    AVCodecContext *decoder = open_decoder (AV_CODEC_ID_WEBVTT, demuxer->streams[0]->codecpar);

    for (guint i = 0; i < chapters->len; i++) {
      const L4Chapter *chapter = g_ptr_array_index (chapters, i);
      char *lines[] = { chapter->title, NULL };

      g_assert_cmpint (av_read_frame (demuxer, packet), ==, 0);
      g_assert_cmpint (packet->pts, ==, (gint64) (chapter->start / MS));
      assert_shows (decoder, packet, &(const L4Cue) {.lines = lines });
      av_packet_unref (packet);
    }
    g_assert_cmpint (av_read_frame (demuxer, packet), ==, AVERROR_EOF);
    avcodec_free_context (&decoder);
    close_memory (demuxer);
  }
  av_packet_free (&packet);
  g_rand_free (random);
}

typedef struct
{
  GPtrArray *chapters;
  guint next;
  const char *element;
} Matroska;

static void
begin_chapter_element (GMarkupParseContext *context, const char *name, const char **names, const char **values, gpointer data, GError **error)
{
  ((Matroska *) data)->element = name;
}

static void
take_chapter_text (GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
  Matroska *self = data;
  const L4Chapter *chapter = self->next < self->chapters->len ? g_ptr_array_index (self->chapters, self->next) : NULL;
  const char *element = g_markup_parse_context_get_element (context);

  if (strcmp (element, "ChapterTimeStart") == 0) {
    g_assert_cmpuint (strlen (text), ==, strlen ("00:00:00.000000000"));
    g_assert_cmpuint (read_clock (text), ==, chapter->start);
  } else if (strcmp (element, "ChapterString") == 0) {
    g_assert_cmpstr (text, ==, chapter->title);
    self->next++;
  } else if (strcmp (element, "ChapLanguageIETF") == 0) {
    g_assert_cmpstr (text, ==, "de-CH");
  }
}

static void
test_matroska_chapters_are_xml (void)
{
  const GMarkupParser parser = {.start_element = begin_chapter_element,.text = take_chapter_text };
  GRand *random = g_rand_new_with_seed (8);

  for (guint round = 0; round < ROUNDS; round++) {
    g_autoptr (GPtrArray) chapters = random_chapters (random);
    g_autofree char *file = l4_chapters_to_file (chapters, L4_CHAPTER_FILE_MATROSKA, NULL, "de-CH");
    Matroska matroska = {.chapters = chapters };
    g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &matroska, NULL);
    g_autoptr (GError) error = NULL;

    g_assert_true (g_markup_parse_context_parse (context, file, -1, &error) && g_markup_parse_context_end_parse (context, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (matroska.next, ==, chapters->len);
  }
  g_rand_free (random);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  av_log_set_level (AV_LOG_QUIET);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree char *path = g_strconcat ("/files/show-the-text-and-times/", kinds[i].name, NULL);

    g_test_add_data_func (path, &kinds[i], test_files_show_the_text_and_times);
  }
  for (guint i = 0; i < G_N_ELEMENTS (packets); i++) {
    g_autofree char *path = g_strconcat ("/packets/show-the-text/", packets[i].name, NULL);

    g_test_add_data_func (path, &packets[i], test_packets_show_the_text);
  }
  g_test_add_func ("/files/ttml-is-xml-with-the-text-and-times", test_ttml_is_xml_with_the_text_and_times);
  g_test_add_func ("/chapters/ffmetadata-gives-chapters-and-titles-back", test_ffmetadata_gives_chapters_and_titles_back);
  g_test_add_func ("/chapters/webvtt-shows-their-titles", test_webvtt_chapters_show_their_titles);
  g_test_add_func ("/chapters/matroska-is-xml", test_matroska_chapters_are_xml);
  return g_test_run ();
}
