/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Setting errors in one line. */

#pragma once

#include "llama4.h"
#include "base/i18n.h"

/* Sets *error (unless error is NULL) and returns FALSE, so that callers can `return l4_fail (…)`. */
gboolean l4_fail (GError **error, L4Error code, const char *format, ...) G_GNUC_PRINTF (3, 4);
