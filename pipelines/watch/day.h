/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The days of cameras: what is kept of a camera is kept, and let go, by days of local time. */

#pragma once

#include "cameras/cameras.h"

G_BEGIN_DECLS

#define L4_DAY_LENGTH 10        /* of "2026-11-28" */

/* The day of a time (microseconds since 1970), and when it began. */
typedef struct
{
  char name[L4_DAY_LENGTH + 1];
  gint64 midnight;              /* microseconds since 1970 */
} L4Day;

L4Day l4_day_of (gint64 time);

/* The name of the n-th video of a day, from 1: "2026-11-28-2", of its summaries "2026-11-28-summary-2"; without the number the first.
 * (transfer full) */
char *l4_day_name (const char *day, gboolean summaries, guint n);

/* Whether a text is such a name. */
gboolean l4_day_parse (const char *name, L4Day *day);

/* FOLDER/CAMERA/DAY, or /cameras/CAMERA/DAY where there is no folder. (transfer full) */
char *l4_day_path (const L4Cameras *cameras, const L4Camera *camera, const char *day);

/* Bytes of the files in that folder; 0: there is none. */
guint64 l4_day_measure (const char *path);
/* Removes its files, and the folder when it is empty then. Links are not followed, folders in it stay. */
void l4_day_remove (const char *path);

G_END_DECLS
