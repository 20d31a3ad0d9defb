/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of a camera's llama4describe. */

#pragma once

#include "cameras/cameras.h"
#include "run/options.h"

G_BEGIN_DECLS

/* Those of the options, then the camera's own. What the element does not have, or not with that value, is an error
 * that names file, line and key. */
gboolean l4_watch_set_up (GstElement *describe, const L4DescribeOptions *options, const L4Cameras *cameras, const L4Camera *camera,
    GError **error);

G_END_DECLS
