/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether bytes are still those that were written. */

#pragma once

#include <glib.h>

/* CRC-32C of the bytes, going on from that of those before; 0 at first. */
guint32 l4_sum (guint32 sum, gconstpointer data, gsize bytes);
