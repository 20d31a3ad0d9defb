/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files beside a film that hold what the index has of it. */

#pragma once

#include "index/index.h"

G_BEGIN_DECLS

/* NAME.mp4 gets NAME.mp4.srt and so on: films of one name and different kinds do not get into each other's way. */
typedef enum
{
  L4_SIDECAR_SRT = 1 << 0,      /* .srt: subtitles */
  L4_SIDECAR_VTT = 1 << 1,      /* .vtt: subtitles */
  L4_SIDECAR_JSON = 1 << 2,     /* .json: a record a line, as the element makes it */
  L4_SIDECAR_CHAPTERS = 1 << 3  /* .chapters.vtt: a chapter for each window */
} L4SidecarKind;

#define L4_SIDECAR_ALL (L4_SIDECAR_SRT | L4_SIDECAR_VTT | L4_SIDECAR_JSON | L4_SIDECAR_CHAPTERS)

/* The kinds in "srt,vtt,json,chapters" or some of them. */
guint l4_sidecar_parse (const char *list);

/* Kinds of those whose file is there. base: what the suffixes are put behind. */
guint l4_sidecar_find (const char *base, guint kinds);

/* owner, below: the path of the film where those of other films may have the same names; "": none has. */

/* Takes away those that are as they were written for this index, and they do not come back by a loss of power. *dropped: which these were.
 * FALSE: the index failed. */
gboolean l4_sidecar_drop (L4Index *index, const char *base, const char *owner, guint kinds, guint *dropped, GError **error);

/* Writes files of the windows (of L4IndexWindow), each whole or not at all; makes their folder. They come in the place of those that were written
 * for this index and are as they were; in that of others by force only. *refused, NULL before, gets why the first of those was not written that were
 * not; the rest is written all the same. FALSE: the index failed. */
gboolean l4_sidecar_write (L4Index *index, const char *base, const char *owner, guint kinds, GPtrArray *windows, gboolean force,
    GError **refused, GError **error);

G_END_DECLS
