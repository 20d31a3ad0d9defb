/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a try ended, where GStreamer's own words do not say what is really so. */

#pragma once

#include "tell/trust.h"
#include "watch/arrival.h"
#include "watch/try.h"

G_BEGIN_DECLS

/* No picture came for so many microseconds, since the last one (seen) or at all: an end, for what was warned of or as much as shows. */
void l4_reason_stall (L4Try *self, L4Arrival *arrival, gboolean seen, gint64 limit);

/* Finds out more about a reason that was said; uri: whose host may be asked once more, for five seconds; NULL: it is not;
 * trust: as in watch/reach.h. */
void l4_reason_find (L4Try *self, L4Arrival *arrival, const char *uri, const L4Trust *trust, GCancellable *cancellable);

G_END_DECLS
