/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands in a conversation, for who answers without a model. */

#pragma once

#include "llama4.h"

guint l4_talk_count_words (const char *text);
guint l4_talk_count_pictures (const L4Message *messages, gsize n_messages);

/* Whether one of its texts has this one within it. */
gboolean l4_talk_has_text (const L4Message *messages, gsize n_messages, const char *text);

/* "" where there is none. */
const char *l4_talk_last_text (const L4Message *messages, gsize n_messages);

/* 16 digits that differ where pictures do. (transfer full) */
char *l4_talk_sum_pictures (const L4Message *messages, gsize n_messages);
