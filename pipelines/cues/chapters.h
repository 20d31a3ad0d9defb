/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chapters as files that players and muxers read. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 start, end;           /* nanoseconds */
  char *title;                  /* any text; made one line */
} L4Chapter;

L4Chapter *l4_chapter_new (guint64 start, guint64 end, const char *title);
void l4_chapter_free (L4Chapter *chapter);

typedef enum
{
  L4_CHAPTER_FILE_VTT,          /* WebVTT, for <track kind="chapters"> */
  L4_CHAPTER_FILE_MATROSKA,     /* XML, for mkvmerge --chapters */
  L4_CHAPTER_FILE_FFMETADATA    /* for ffmpeg -i FILM -i FILE -map_metadata 1 */
} L4ChapterFile;

/* The whole file, of L4Chapter in order; every title is shown as it is. title: of the film; NULL: none. language: a language tag ("en"),
 * or NULL. (transfer full) */
char *l4_chapters_to_file (GPtrArray *chapters, L4ChapterFile kind, const char *title, const char *language);

G_END_DECLS
