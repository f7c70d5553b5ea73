// Модуль Web-сервиса MIKO_identify_number: имя звонящего во время звонка, как в службе МИКО 2013 года.
//
// URI пространства имён: wiki.miko.ru/doc:1cajam:identifynumber. Пакеты XDTO не нужны.
// Имя файла публикации: 1C_MIKO_identify_number.1cws. Повторное использование сеансов: Использовать автоматически.
// Операция identify, тип возвращаемого значения string (http://www.w3.org/2001/XMLSchema), имя метода identify;
// параметр Number - string (http://www.w3.org/2001/XMLSchema), "Входной".

Функция identify(Number)
	
	Возврат КонтрагентыДляАТС.НаименованиеПоНомеру(Number);
	
КонецФункции
