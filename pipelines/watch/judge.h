/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules over the windows of cameras: which begin to hold, which cease to. */

#pragma once

#include <yyjson.h>

#include "cameras/cameras.h"

G_BEGIN_DECLS

typedef enum
{
  L4_VERDICT_NONE,              /* nothing to tell */
  L4_VERDICT_ALERT,             /* it holds: an alert */
  L4_VERDICT_AGAIN,             /* it holds still, and its cooldown is over: another alert */
  L4_VERDICT_HUSHED,            /* there would be one, but for its cooldown or its quiet hours */
  L4_VERDICT_OVER               /* it held, was told, and holds no longer */
} L4Verdict;

/* Used by one thread. */
typedef struct _L4Judge L4Judge;

/* cameras: borrowed. */
L4Judge *l4_judge_new (const L4Cameras *cameras);
void l4_judge_free (L4Judge *self);     /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Judge, l4_judge_free)

/* Whether a rule is one of a camera. */
gboolean l4_judge_concerns (const L4Judge *self, guint camera, guint rule);

/* What the rule says of a camera's next window, or of one that shows the same as that, which ended at that time (microseconds since 1970); record: its JSON, or NULL
 * where it is none. value: what decided it, or NULL: of a rule that holds, what the first of its conditions that does looked
 * at; of one that does not, the first that does not. A rule without a cooldown is an alert when it begins to hold and not again
 * before it has ceased to; with one also each time that it holds still when that is over. Quiet hours only keep an alert back:
 * one that holds still at their end is told then. */
L4Verdict l4_judge_window (L4Judge *self, guint camera, guint rule, yyjson_val *record, gint64 time, yyjson_val **value);

/* A camera was lost: what comes next is not in turn with what came before. What held ceases to hold; TRUE if that rule had been told. */
gboolean l4_judge_break (L4Judge *self, guint camera, guint rule);

/* Whether a time is within hours. */
gboolean l4_hours_have (const GArray *hours, gint64 time);

G_END_DECLS
