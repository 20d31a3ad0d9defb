/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a try ended, where GStreamer's own words do not say what is really so. */

#include "watch/reason.h"

#include "base/i18n.h"
#include "watch/reach.h"

void
l4_reason_stall (L4Try *self, L4Arrival *arrival, gboolean seen, gint64 limit)
{
  gboolean mute = l4_arrival_has_answered (arrival) && !l4_arrival_has_any (arrival);   /* whatever was warned of */
  g_autofree char *why = self->cause != NULL && !mute ? g_strdup (self->cause) : l4_arrival_tell (arrival);

  if (self->reason != NULL)
    return;
  self->unclear = self->waited = !seen && !l4_arrival_has_answered (arrival);
  l4_try_end (self, seen ? g_strdup_printf (_("no picture for %.0f s"), limit / 1e6)
      : g_strdup_printf (_("no picture within %.0f s: %s"), limit / 1e6, why));
}

void
l4_reason_find (L4Try *self, L4Arrival *arrival, const char *uri, const L4Trust *trust, GCancellable *cancellable)
{
  if (self->reason == NULL || self->fatal)
    return;
  if (self->silent && l4_arrival_lacks_part (arrival))
    l4_try_explain (self,
        g_strdup (_("its server sends a file from the beginning on only (no HTTP ranges), and another part of this one is needed")));
  if (uri == NULL || !self->unclear || self->up)
    return;
  if (!l4_arrival_has_answered (arrival))
    l4_try_explain (self, l4_reach_explain (uri, trust, self->waited, cancellable));
  if (self->unclear && (self->silent || (self->waited && l4_arrival_has_answered (arrival) && !l4_arrival_has_any (arrival)))) {
    g_autofree char *arrived = l4_arrival_tell (arrival);

    l4_try_explain (self, g_strdup_printf (_("no picture: %s"), arrived));
  }
}
