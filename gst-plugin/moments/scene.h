/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scene that was seen: whether later glances show anything else. */

#pragma once

#include "moments/glance.h"

G_BEGIN_DECLS

/* What was to be seen of every place of the picture, over all frames of a window. Light that changes everywhere, and noise, are allowed
 * for; what changes must cover two neighbouring cells of a glance, or differ much in one. Used by one thread. */
typedef struct _GstLlama4Scene GstLlama4Scene;

GstLlama4Scene *gst_llama4_scene_new (void);
void gst_llama4_scene_free (GstLlama4Scene * self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstLlama4Scene, gst_llama4_scene_free)

void gst_llama4_scene_reset (GstLlama4Scene * self);

/* The scene is now that of these n glances, of which the first GST_LLAMA4_SCENE_MOST count. */
#define GST_LLAMA4_SCENE_MOST 16
void gst_llama4_scene_learn (GstLlama4Scene * self, const GstLlama4Glance * glances, guint n);

/* Whether nothing came, went or moved in it: its first half shows what its second does. */
gboolean gst_llama4_scene_is_still (const GstLlama4Scene * self);

/* Whether the glance shows nothing but the scene; FALSE when there is none. */
gboolean gst_llama4_scene_has (const GstLlama4Scene * self, const GstLlama4Glance * glance);

G_END_DECLS
