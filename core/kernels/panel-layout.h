/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How panels lie in memory, as a number for those that are kept in files. */

#pragma once

#include <glib.h>

/* Made of what kernels/panel.h says of all types, and of their order: panels that were kept under another number are none here. */
guint32 l4_panel_layout (void);
