/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Title, summary and chapters in a model's reply, whatever it made of the form that it was asked for. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 start;                /* nanoseconds */
  char *title;                  /* one line */
} L4Heading;

typedef struct
{
  char *title, *summary;        /* one line each; NULL: the reply has none */
  GArray *headings;             /* of L4Heading, in order, none twice */
} L4Outline;

void l4_outline_clear (L4Outline *outline);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4Outline, l4_outline_clear)

/* Asked for are the lines "TITLE: …", "SUMMARY: …" and "CHAPTER 0:00:00 …". Understood are also these in any case, with marks of lists,
 * headings and emphasis about them, and other lines that begin with a time. */
void l4_outline_read (const char *reply, L4Outline *outline);

/* Moves every heading to the nearest of the times (guint64, in order, at least one), the first heading to the first of them; of several at
 * one time the first stays. */
void l4_outline_snap (L4Outline *outline, const GArray *times);

G_END_DECLS
