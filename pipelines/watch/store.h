/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was said of cameras, in an index of llama4 archive, and how long it is kept there and in the folder.
 *
 * Each day of a camera is a video there, whose path is that of the day (day.h), and which grows; the times of its windows are nanoseconds
 * since midnight of local time, so that they read as the time of day (on the two days a year on which clocks are changed, as the time that has
 * passed since midnight). A day during which the model, the prompt or a setting changed has a second video, DAY-2. What sums
 * up the windows of a day is a video of its own, DAY-summary. */

#pragma once

#include "run/model.h"
#include "watch/feed.h"

G_BEGIN_DECLS

typedef struct _L4Store L4Store;

/* With what each camera is described; borrowed. */
typedef struct
{
  const L4Cameras *cameras;
  const L4DescriberModel *model;
  L4Feed *const *feeds;
  L4NewsQueue *news;            /* trouble is told there */
} L4StoreContext;

#define L4_STORE_WAITING 10000  /* windows that wait for an index that is away; then the oldest are lost, and told of */

/* Opens the index, or makes it; one that cannot be is an error now, and only told of later. Without an index it minds the folder alone. A
 * thread does what takes long. (transfer full) */
L4Store *l4_store_new (const L4StoreContext *context, GError **error);

/* Keeps a window, or a summary, whose picture becomes a small one; waits for nothing. */
void l4_store_put (L4Store *self, const L4News *news);

/* What waits is written first, if that goes on well. */
void l4_store_free (L4Store *self);     /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Store, l4_store_free)

G_END_DECLS
