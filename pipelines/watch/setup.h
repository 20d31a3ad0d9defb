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

/* What stands before it and finds objects, as the camera tells, with a pad of either kind. NULL: none is wanted, or *error names file, line and
 * key. (transfer floating) */
GstElement *l4_watch_make_detector (const L4Cameras *cameras, const L4Camera *camera, GError **error);

G_END_DECLS
