/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Within the room. */

#pragma once

#include "cameras/cameras.h"
#include "cameras/yaml.h"

G_BEGIN_DECLS

#define L4_STALL_DEFAULT (10 * G_GUINT64_CONSTANT (1000000000))

void l4_camera_free (L4Camera *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Camera, l4_camera_free)
L4Camera *l4_camera_new (void);

/* What a node says of one camera; defaults: what is said of all, or NULL. NULL: *error. (transfer full) */
L4Camera *l4_camera_read (L4Yaml *yaml, yaml_node_t *node, yaml_node_t *defaults, GError **error);

L4Condition *l4_condition_new (const yaml_node_t *node);
void l4_condition_free (L4Condition *self);     /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Condition, l4_condition_free)

/* Reads a key if it is a condition's; target: a L4Condition. */
gboolean l4_condition_read_key (L4Yaml *yaml, yaml_node_t *node, const char *key, gpointer target, gboolean *taken, GError **error);

/* Whether what it asks for makes sense together; what: where it stands. */
gboolean l4_condition_check (L4Yaml *yaml, yaml_node_t *node, const char *what, const L4Condition *self, GError **error);

/* Whether no value can be as both want it. FALSE where that is not easily known. */
gboolean l4_condition_contradicts (const L4Condition *self, const L4Condition *other);

/* A list that is not empty, added to a GPtrArray *; all of one must be possible together. */
gboolean l4_yaml_read_all (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);
gboolean l4_yaml_read_any (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);

void l4_rule_free (L4Rule *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Rule, l4_rule_free)

/* NULL: *error. (transfer full) */
L4Rule *l4_rule_read (L4Yaml *yaml, yaml_node_t *node, GError **error);

/* A name of a camera or a rule: it stands in names of files, so it has no slash, and begins with none of . and -. */
gboolean l4_yaml_read_name (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);

/* Sections; field is a L4Cameras **. */
gboolean l4_yaml_read_mqtt (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);
gboolean l4_yaml_read_webhook (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);
gboolean l4_yaml_read_page (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);
gboolean l4_yaml_read_onvif (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error);
void l4_cameras_clear_receivers (L4Cameras *self);

G_END_DECLS
