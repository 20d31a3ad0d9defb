/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What went wrong in a pipeline, as its messages tell it. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* One line of an error or a warning on the bus. Of those that only say that a stream stopped, why it did, and which element said so; that
 * a plug-in is missing is said as what it means for the stream; a text that many errors share is followed by what the element had to say.
 * What a server's status means is said with it.
 * No name or password of an address is in it.
 * (transfer full) */
char *l4_trouble_tell (GstMessage *message);

/* Whether an error only says that a stream stopped or cannot be decoded: a warning or an error that came before it is its cause. */
gboolean l4_trouble_is_vague (GstMessage *message);

/* Whether a server fell silent, and would not begin anew elsewhere. */
gboolean l4_trouble_is_silence (GstMessage *message);

/* Whether a server was waited for in vain, as its protocol's element says. */
gboolean l4_trouble_is_timeout (GstMessage *message);

/* Whether an error does not say more than that, or that something at an address could not be read. */
gboolean l4_trouble_is_unclear (GstMessage *message);

G_END_DECLS
