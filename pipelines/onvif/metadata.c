/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of cameras as ONVIF has it. */

#include "onvif/metadata.h"

#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "onvif/objects.h"
#include "onvif/xml.h"

#define DIALECT "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"

/* Messages ----------------------------------------------------------------------------------------------------------------------- */

/* operation: NULL: it is no property. Until end_message(). */
static void
begin_message (GString *xml, const char *topic, gint64 time, const char *operation)
{
  g_string_append (xml, "<tt:Event><wsnt:NotificationMessage><wsnt:Topic Dialect=\"" DIALECT "\">");
  g_string_append (xml, topic);
  g_string_append (xml, "</wsnt:Topic><wsnt:Message><tt:Message UtcTime=\"");
  l4_xml_add_time (xml, time);
  g_string_append_c (xml, '"');
  if (operation != NULL)
    l4_xml_add_attribute (xml, "PropertyOperation", operation);
  g_string_append_c (xml, '>');
}

static void
end_message (GString *xml)
{
  g_string_append (xml, "</tt:Message></wsnt:Message></wsnt:NotificationMessage></tt:Event>\n");
}

static void
add_item (GString *xml, const char *name, const char *value)
{
  g_string_append (xml, "<tt:SimpleItem");
  l4_xml_add_attribute (xml, "Name", name);
  l4_xml_add_attribute (xml, "Value", value);
  g_string_append (xml, "/>");
}

static void
add_time_item (GString *xml, const char *name, gint64 time)
{
  g_string_append_printf (xml, "<tt:SimpleItem Name=\"%s\" Value=\"", name);
  l4_xml_add_time (xml, time);
  g_string_append (xml, "\"/>");
}

/* One item in a list of its own. */
static void
add_list (GString *xml, const char *list, const char *name, const char *value)
{
  g_string_append_printf (xml, "<tt:%s>", list);
  add_item (xml, name, value);
  g_string_append_printf (xml, "</tt:%s>", list);
}

static const char *
operation_name (L4OnvifOperation operation)
{
  return operation == L4_ONVIF_INITIALIZED ? "Initialized" : "Changed";
}

/* Properties --------------------------------------------------------------------------------------------------------------------- */

void
l4_onvif_add_rule (GString *xml, L4OnvifOperation operation, const char *camera, const char *rule, gboolean on, gint64 time,
    const char *sentence)
{
  begin_message (xml, "tns1:RuleEngine/l4:Condition", time, operation_name (operation));
  g_string_append (xml, "<tt:Source>");
  add_item (xml, "VideoSource", camera);
  add_item (xml, "Rule", rule);
  g_string_append (xml, "</tt:Source><tt:Data>");
  add_item (xml, "State", on ? "true" : "false");
  if (sentence != NULL && *sentence != '\0')
    add_item (xml, "Sentence", sentence);
  g_string_append (xml, "</tt:Data>");
  end_message (xml);
}

void
l4_onvif_add_presence (GString *xml, L4OnvifOperation operation, const char *camera, gboolean present, gint64 time)
{
  begin_message (xml, "tns1:VideoSource/SignalLoss", time, operation_name (operation));
  add_list (xml, "Source", "Source", camera);
  add_list (xml, "Data", "State", present ? "false" : "true");
  end_message (xml);
}

/* What was said ------------------------------------------------------------------------------------------------------------------- */

static void
add_value (GString *xml, yyjson_val *value)
{
  char *json = value != NULL ? yyjson_val_write (value, YYJSON_WRITE_NOFLAG, NULL) : NULL;

  if (json != NULL)
    add_item (xml, "Value", json);
  free (json);
}

static void
add_sentence (GString *xml, const L4Said *said, yyjson_val *record)
{
  begin_message (xml, said->summary ? "tns1:VideoAnalytics/l4:Summary" : "tns1:VideoAnalytics/l4:Description", said->until, NULL);
  add_list (xml, "Source", "VideoSource", said->camera);
  g_string_append (xml, "<tt:Data>");
  add_item (xml, "Sentence", said->text);
  add_time_item (xml, "Start", said->from);
  add_time_item (xml, "End", said->until);
  add_value (xml, yyjson_obj_get (record, "value"));
  g_string_append (xml, "</tt:Data>");
  end_message (xml);
}

static void
add_object_sentences (GString *xml, const L4Said *said, const GArray *objects)
{
  for (guint i = 0; i < objects->len; i++) {
    const L4OnvifObject *object = &g_array_index (objects, L4OnvifObject, i);
    char id[24];

    if (*object->text == '\0')
      continue;
    g_snprintf (id, sizeof id, "%" G_GUINT64_FORMAT, object->id);
    begin_message (xml, "tns1:VideoAnalytics/l4:Object", object->time, NULL);
    add_list (xml, "Source", "VideoSource", said->camera);
    add_list (xml, "Key", "ObjectId", id);
    add_list (xml, "Data", "Sentence", object->text);
    end_message (xml);
  }
}

void
l4_onvif_add_said (GString *xml, const L4Said *said)
{
  yyjson_doc *doc = said->record != NULL ? yyjson_read (said->record, strlen (said->record), 0) : NULL;
  yyjson_val *record = yyjson_doc_get_root (doc);
  g_autoptr (GArray) objects = l4_onvif_objects_find (record, said->from);

  l4_onvif_objects_add (xml, objects);
  add_sentence (xml, said, record);
  add_object_sentences (xml, said, objects);
  yyjson_doc_free (doc);
}
