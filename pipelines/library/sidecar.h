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

/* Where those of a film lie. All borrowed. */
typedef struct
{
  L4Index *index;               /* knows what was written */
  const char *base;             /* what the suffixes are put behind */
  const char *film;             /* its path */
  const char *key;              /* of its content */
  gboolean apart;               /* not beside their film: those of others may have the same names, and are told from its own by path or content */
} L4SidecarPlace;

/* Kinds of those whose file is there. */
guint l4_sidecar_find (const L4SidecarPlace *place, guint kinds);

/* Leaves of the kinds those whose file is as it was written for this film, but not what is made of the windows (of L4IndexWindow). FALSE: the
 * index failed. */
gboolean l4_sidecar_find_old (const L4SidecarPlace *place, GPtrArray *windows, guint *kinds, GError **error);

/* Takes those away, and they do not come back by a loss of power. */
void l4_sidecar_drop (const L4SidecarPlace *place, guint kinds);

/* Of a film that lay elsewhere, where nothing lies any more: those that are as they were written come along; where something is already they
 * go. What cannot be moved stays. FALSE: the index failed. */
gboolean l4_sidecar_move (const L4SidecarPlace *before, const L4SidecarPlace *place, GError **error);

/* Writes files of the windows, each whole or not at all; makes their folder. They come in the place of those that were written for this film and
 * are as they were, which do not come back by a loss of power; in that of others by force only. *refused, NULL before, gets why the first of
 * those was not written that were not; the rest is written all the same. FALSE: the index failed. */
gboolean l4_sidecar_write (const L4SidecarPlace *place, guint kinds, GPtrArray *windows, gboolean force, GError **refused, GError **error);

G_END_DECLS
