/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chapters as WebVTT, Matroska's XML and ffmetadata. */

#include "cues/chapters.h"

#include <inttypes.h>
#include <string.h>

#include "cues/markup.h"
#include "llama4.h"

#define MS G_GUINT64_CONSTANT (1000000)
#define SECOND (1000 * MS)

L4Chapter *
l4_chapter_new (guint64 start, guint64 end, const char *title)
{
  L4Chapter *chapter = g_new (L4Chapter, 1);

  *chapter = (L4Chapter) {.start = start,.end = MAX (start, end),.title = l4_text_to_line (title, -1) };
  return chapter;
}

void
l4_chapter_free (L4Chapter *chapter)
{
  if (chapter == NULL)
    return;
  g_free (chapter->title);
  g_free (chapter);
}

static char *
make_vtt (GPtrArray *chapters)
{
  GString *file = g_string_new ("WEBVTT\n");

  for (guint i = 0; i < chapters->len; i++) {
    const L4Chapter *chapter = g_ptr_array_index (chapters, i);
    g_autofree char *start = l4_cue_clock (chapter->start, '.'), *end = l4_cue_clock (chapter->end, '.');
    g_autofree char *title = l4_text_to_line (chapter->title, -1), *text = l4_cue_vtt_text (title);

    g_string_append_printf (file, "\n%u\n%s --> %s\n%s\n", i + 1, start, end, text);
  }
  return g_string_free (file, FALSE);
}

static void
append_time (GString *file, const char *element, guint64 time)
{
  g_string_append_printf (file, "      <%s>%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%09" PRIu64 "</%s>\n", element, time / (3600 * SECOND),
      time / (60 * SECOND) % 60, time / SECOND % 60, time % SECOND, element);
}

/* "und" (undetermined) stands where Matroska's older element would mean English by its absence; the newer one has the language. */
static char *
make_matroska (GPtrArray *chapters, const char *language)
{
  GString *file = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Chapters>\n  <EditionEntry>\n");
  g_autofree char *tag = language != NULL ? l4_cue_xml_text (language) : NULL;

  for (guint i = 0; i < chapters->len; i++) {
    const L4Chapter *chapter = g_ptr_array_index (chapters, i);
    g_autofree char *title = l4_text_to_line (chapter->title, -1), *text = l4_cue_xml_text (title);

    g_string_append (file, "    <ChapterAtom>\n");
    append_time (file, "ChapterTimeStart", chapter->start);
    append_time (file, "ChapterTimeEnd", chapter->end);
    g_string_append_printf (file, "      <ChapterDisplay>\n        <ChapterString>%s</ChapterString>\n"
        "        <ChapterLanguage>und</ChapterLanguage>\n", text);
    if (tag != NULL)
      g_string_append_printf (file, "        <ChapLanguageIETF>%s</ChapLanguageIETF>\n", tag);
    g_string_append (file, "      </ChapterDisplay>\n    </ChapterAtom>\n");
  }
  g_string_append (file, "  </EditionEntry>\n</Chapters>\n");
  return g_string_free (file, FALSE);
}

/* What ffmetadata reads as its own is behind a backslash. Its readers take any backslash at a line's end for one before the line end. */
static void
append_value (GString *file, const char *key, const char *text)
{
  g_autofree char *line = l4_text_to_line (text, -1);

  g_string_append_printf (file, "%s=", key);
  for (const char *at = line; *at != '\0'; at++) {
    if (strchr ("=;#\\", *at) != NULL)
      g_string_append_c (file, '\\');
    g_string_append_c (file, *at);
  }
  g_string_append (file, g_str_has_suffix (line, "\\") ? L4_CUE_WORD_JOINER "\n" : "\n");
}

static char *
make_ffmetadata (GPtrArray *chapters, const char *title, const char *language)
{
  GString *file = g_string_new (";FFMETADATA1\n");

  if (title != NULL)
    append_value (file, "title", title);
  if (language != NULL)
    append_value (file, "language", language);
  for (guint i = 0; i < chapters->len; i++) {
    const L4Chapter *chapter = g_ptr_array_index (chapters, i);

    g_string_append_printf (file, "\n[CHAPTER]\nTIMEBASE=1/1000000000\nSTART=%" PRIu64 "\nEND=%" PRIu64 "\n", chapter->start, chapter->end);
    append_value (file, "title", chapter->title);
  }
  return g_string_free (file, FALSE);
}

char *
l4_chapters_to_file (GPtrArray *chapters, L4ChapterFile kind, const char *title, const char *language)
{
  switch (kind) {
    case L4_CHAPTER_FILE_VTT:
      return make_vtt (chapters);
    case L4_CHAPTER_FILE_MATROSKA:
      return make_matroska (chapters, language);
    default:
      return make_ffmetadata (chapters, title, language);
  }
}
